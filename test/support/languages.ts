/** The real virsh of this computer in other languages, over libvirt's own test driver. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dbUuid } from "./views";

/** As /etc/locale.conf and an account's start-up files set them. C.UTF-8 takes LANGUAGE, and needs no locale to be installed. */
export function speaking(language: string): NodeJS.ProcessEnv {
  return { ...process.env, LANG: "C.UTF-8", LC_ALL: "C.UTF-8", LC_MESSAGES: "C.UTF-8", LANGUAGE: language };
}

const languages = ["de", "fr", "ru", "ja", "zh_CN"] as const;

/** Languages that virsh has here, told by its own labels. */
export function translatedLanguages(uri: string): string[] {
  const dominfo = (env: NodeJS.ProcessEnv) => spawnSync("virsh", ["-c", uri, "dominfo", "db-01"], { env }).stdout;
  const english = dominfo({ ...process.env, LC_ALL: "C" });
  if (english === null || english.length === 0) return [];
  return languages.filter((language) => !dominfo(speaking(language)).equals(english));
}

/** A file of libvirt's test driver with one VM, a network and a pool. */
export function testHost(): { uri: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "test-host-"));
  const file = join(directory, "node.xml");
  writeFileSync(
    file,
    `<node>
  <domain type='test'>
    <name>db-01</name><uuid>${dbUuid}</uuid><memory unit='MiB'>256</memory><vcpu>1</vcpu>
    <os><type arch='x86_64'>hvm</type></os>
    <devices>
      <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/etc/hostname'/><target dev='vda' bus='virtio'/></disk>
      <disk type='volume' device='disk'><source pool='default' volume='a'/><target dev='vdb' bus='virtio'/></disk>
      <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>
    </devices>
  </domain>
  <network><name>default</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid><bridge name='virbr0'/><ip address='192.168.122.1' netmask='255.255.255.0'/></network>
  <pool type='dir'><name>default</name><uuid>7795eb01-f6a4-8304-79aa-97f2502e193f</uuid><target><path>/default-pool</path></target></pool>
</node>`,
  );
  return { uri: `test://${file}`, remove: () => rmSync(directory, { recursive: true }) };
}
