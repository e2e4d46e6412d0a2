/** `up` with createImages that ends in the middle, by SIGKILL or Ctrl-C, and the next one: no image is lost, none is left. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { kill } from "../../lab/faults/fixture";
import { Running } from "../../lab/faults/running";
import { describeWithStack } from "../support/stack";
import { until } from "../support/until";

const images = "/var/lib/libvirt/vms";
const [raw, qcow2] = [`${images}/data.img`, `${images}/log.qcow2`];
const endMs = 120_000;
/** The same in each test, as the state has it. */
const uuid = "5eed1ab5-0000-4000-8000-000000000002";
const disk = (path: string, format: string, target: string) =>
  `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${path}'/><target dev='${target}' bus='virtio'/></disk>`;

describeWithStack("an up with createImages that was interrupted", { lab: { hosts: 3 } }, (lab, stack) => {
  const a = () => lab().host("kvm-a");
  const b = () => lab().host("kvm-b");
  const c = () => lab().host("kvm-c");
  let before: string;
  /** Puts back the state in which the VM is adopted. */
  let adopted: (() => void) | undefined;

  const declare = (host: string, migration?: object) =>
    stack().declare({ db: { args: { domain: "db-01", host, ...(migration && { migration }) } } });
  const createImages = { copyStorage: { mode: "all", createImages: true } };
  /** Until it is let go or cancelled: a `pulumi` of a busy computer begins meanwhile. */
  const slowly = { ...createImages, bandwidth: "1MiB/s" };
  const up = () => Running.start(stack(), ["up", "--yes", "--skip-preview"]);
  async function upEnds(): Promise<Running> {
    const running = up();
    await running.ended(endMs);
    return running;
  }
  async function succeeds(): Promise<Running> {
    const running = await upEnds();
    assert.equal(running.code, 0, running.text);
    return running;
  }
  /** An `up` whose move copies disks. */
  async function copying(more: object = {}): Promise<Running> {
    declare("kvm-b", { ...slowly, ...more });
    const running = up();
    const job = async () => (await a().sh("virsh -q domjobinfo --rawstats db-01")).stdout;
    await until("it copies", async () => (assert.equal(running.code, undefined, running.text), /^disk_remaining: [1-9]/m.test(await job())), endMs); // prettier-ignore
    return running;
  }
  const processes = (part: string) =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => textOf(`/proc/${pid}/environ`).includes(`PULUMI_HOME=${stack().dir}/`))
      .filter((pid) => textOf(`/proc/${pid}/cmdline`).includes(part));
  async function killed(running: Running): Promise<void> {
    for (const pid of processes("dynamic-provider")) kill(Number(pid), "SIGKILL");
    assert.notEqual(await running.ended(endMs), 0, running.text);
  }
  const files = async (host = b()) => (await host.must(`ls -A ${images}`)).split(/\s+/).filter((each) => each !== "");
  const content = async (host = a()) =>
    host.must(`for i in ${raw} ${qcow2}; do qemu-img convert -U -O raw $i /tmp/content && sha256sum </tmp/content; rm -f /tmp/content; done`); // prettier-ignore
  const states = async () =>
    (await Promise.all([a(), b()].map((host) => host.sh("virsh -q domstate db-01")))).map(({ code, stdout }) => (code === 0 ? stdout.trim() : "not there")); // prettier-ignore

  beforeEach(async function () {
    this.timeout(120_000);
    for (const host of lab().hosts) await host.must(`mkdir -p ${images}; echo mine >${images}/other`);
    await lab().startGuest({ name: "db-01", uuid, host: "kvm-a", disk: "none", state: "shutOff", memoryMiB: 32 });
    await a().must(
      `qemu-img create -q -f raw ${raw} 64M && dd if=/dev/urandom of=${raw} bs=1M seek=8 count=40 conv=notrunc status=none &&
         qemu-img create -q -f qcow2 ${qcow2} 64M && qemu-io -f qcow2 -c 'write -P 9 8M 40M' ${qcow2} >/dev/null &&
         virsh dumpxml --inactive db-01 | sed "s#</devices>#${disk(raw, "raw", "vda")}${disk(qcow2, "qcow2", "vdb")}</devices>#" >/tmp/it.xml &&
         virsh -q define /tmp/it.xml && rm /tmp/it.xml && virsh -q start db-01`,
    );
    before = await content();
    declare("kvm-a");
    if (adopted) return adopted();
    await succeeds();
    adopted = stack().keepState();
  });
  afterEach(async function () {
    this.timeout(120_000);
    for (const pid of processes("")) kill(Number(pid), "SIGKILL");
    await stack().pulumi.run(["cancel", "--yes"]);
    for (const host of lab().hosts)
      await host.sh(
        `for u in $(virsh -q list --all --uuid); do virsh destroy $u; virsh undefine $u; done; rm -rf ${images}`,
      );
  });
  const letGo = () => a().must("virsh -q migrate-setspeed db-01 2000; virsh -q blockjob db-01 vda --bandwidth 2000 || true; virsh -q blockjob db-01 vdb --bandwidth 2000 || true"); // prettier-ignore

  it("by SIGKILL while it copies: the next one watches the migration to its end", async function () {
    this.timeout(400_000);
    await killed(await copying());
    assert.deepEqual(await states(), ["running", "paused"]);
    const next = up();
    assert.ok(await next.printed(/watching it, no second one is started/, endMs), next.text);
    await letGo();
    assert.equal(await next.ended(endMs), 0, next.text);
    assert.deepEqual(await states(), ["not there", "running"]);
    assert.equal(await content(b()), before);
    assert.deepEqual(await files(), ["data.img", "log.qcow2", "other"]);
  });

  it("by SIGKILL, and the migration ends before the next one: that notes it, and keeps the images", async function () {
    this.timeout(400_000);
    await killed(await copying());
    await letGo();
    await until("it has arrived", async () => (await states()).join() === "not there,running", endMs);
    await succeeds();
    assert.equal(await content(b()), before);
    assert.deepEqual(await files(), ["data.img", "log.qcow2", "other"]);
  });

  it("by SIGKILL, and the migration is cancelled: what was created is used again, and removed when that fails", async function () {
    this.timeout(600_000);
    await killed(await copying());
    await a().virsh("domjobabort db-01");
    await until("it is cancelled", async () => (await states()).join() === "running,not there", endMs);
    const left = await files();
    assert.ok(left.includes("data.img") && left.includes("log.qcow2"), left.join());
    const refreshed = await stack().refresh();
    assert.equal(refreshed.code, 0, refreshed.stdout);
    // It fails, too.
    declare("kvm-b", { ...slowly, timeout: "3s" });
    const failed = await upEnds();
    assert.notEqual(failed.code, 0, failed.text);
    assert.match(failed.text, /the timeout of 3 s is over/);
    assert.deepEqual(await files(), ["other"]);
    assert.equal(await content(), before);
    declare("kvm-b", createImages);
    await succeeds();
    assert.equal(await content(b()), before);
    assert.deepEqual(await files(), ["data.img", "log.qcow2", "other"]);
  });

  it("by SIGKILL, and the next one goes to another host: what was created on the first is removed, or named where a VM uses it", async function () {
    this.timeout(600_000);
    await killed(await copying());
    await a().virsh("domjobabort db-01");
    await until("it is cancelled", async () => (await states()).join() === "running,not there", endMs);
    assert.equal((await stack().refresh()).code, 0);
    // One of the two is in use, as far as libvirt can tell.
    await b().must(`printf '<domain type="qemu"><name>heir</name><memory unit="MiB">32</memory><os><type>hvm</type></os><devices>%s</devices></domain>' "${disk(raw, "raw", "vda")}" >/tmp/heir.xml && virsh -q define /tmp/heir.xml`); // prettier-ignore
    declare("kvm-c", createImages);
    const { text } = await succeeds();
    assert.equal(await content(c()), before);
    assert.deepEqual(await files(c()), ["data.img", "log.qcow2", "other"]);
    assert.deepEqual(await files(), [".vm-placement-data.img.created", "data.img", "other"]);
    assert.match(
      text,
      /removed \/var\/lib\/libvirt\/vms\/log\.qcow2 on kvm-b, created for a move of db-01 that was interrupted/,
    );
    assert.match(
      text,
      /has left \/var\/lib\/libvirt\/vms\/data\.img on kvm-b[^]*`rm \/var\/lib\/libvirt\/vms\/data\.img` on kvm-b/,
    );
  });

  it("by SIGKILL, and the next one has other paths: what was created at the first ones is removed", async function () {
    this.timeout(600_000);
    const site = "/var/lib/libvirt/site";
    await b().must(`mkdir -p ${site}`);
    await killed(await copying({ disks: { vda: { path: `${site}/d.img` } } }));
    await a().virsh("domjobabort db-01");
    await until("it is cancelled", async () => (await states()).join() === "running,not there", endMs);
    assert.equal((await b().must(`ls ${site}; cat /var/lib/vm-placement/${uuid}.created`)), `d.img\n${site}/d.img\n${qcow2}\n`); // prettier-ignore
    assert.equal((await stack().refresh()).code, 0);
    // To another host, without a mapping.
    declare("kvm-c", createImages);
    const { text } = await succeeds();
    assert.equal(await content(c()), before);
    assert.match(
      text,
      /removed \S+\/log\.qcow2 and \S+\/site\/d\.img on kvm-b, created for a move of db-01 that was interrupted/,
    );
    assert.deepEqual(await files(), ["other"]);
    assert.equal(await b().must(`ls -A ${site} && ls -d /var/lib/vm-placement 2>&1 || true`), "ls: cannot access '/var/lib/vm-placement': No such file or directory\n"); // prettier-ignore
  });

  it("by SIGKILL, and the migration is cancelled while the next one watches it: the images are removed", async function () {
    this.timeout(400_000);
    await killed(await copying());
    const next = up();
    assert.ok(await next.printed(/watching it, no second one is started/, endMs), next.text);
    await until("it watches", () => Promise.resolve(/pre-copy|watching the live/.test(next.text)), endMs);
    await a().virsh("domjobabort db-01");
    assert.notEqual(await next.ended(endMs), 0, next.text);
    assert.deepEqual(await states(), ["running", "not there"]);
    assert.deepEqual(await files(), ["other"]);
    assert.equal(await content(), before);
  });

  it("by Ctrl-C twice: the migration is cancelled with `abort`, and nothing is left after the next one", async function () {
    this.timeout(400_000);
    stack().configure({ "vm-placement:onInterrupt": "abort" });
    const running = await copying();
    kill(running.child.pid!, "SIGINT");
    await running.printed(/\^C received/, endMs);
    kill(running.child.pid!, "SIGINT");
    assert.notEqual(await running.ended(endMs), 0, running.text);
    assert.deepEqual(await states(), ["running", "not there"]);
    assert.deepEqual(await files(), ["other"]);
    declare("kvm-b", createImages);
    await succeeds();
    assert.equal(await content(b()), before);
    assert.deepEqual(await files(), ["data.img", "log.qcow2", "other"]);
  });
});

/** Empty where the process has ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
