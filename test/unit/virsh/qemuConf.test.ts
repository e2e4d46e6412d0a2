import assert from "node:assert/strict";
import { isRoot, parseQemuConf } from "../../../provider/virsh/qemuConf";

const read = (text: string) => parseQemuConf(`# readable\n${text}`)!;

describe("qemu.conf", () => {
  it("that may not be read is another than one that sets nothing", () => {
    assert.equal(parseQemuConf(""), undefined);
    assert.deepEqual(read(""), {
      migrationHost: undefined,
      migrationPortMin: 49_152,
      migrationPortMax: 49_215,
      migrateTlsForce: false,
      user: undefined,
      sharedFilesystems: [],
    });
  });

  it("names the secret of the TLS key that a migration uses", () => {
    const [one, other] = ["11111111-aaaa-4aaa-8aaa-111111111111", "22222222-AAAA-4aaa-8aaa-222222222222"];
    const [ofAll, ofMigration] = [
      `default_tls_x509_secret_uuid = "${one}"`,
      `migrate_tls_x509_secret_uuid = "${other}"`,
    ];
    assert.equal(read(ofAll).tlsSecret, one);
    assert.equal(read(`${ofAll}\n${ofMigration}`).tlsSecret, other.toLowerCase());
    assert.equal(read(`#${ofAll}\nvnc_tls_x509_secret_uuid = "${one}"`).tlsSecret, undefined);
  });

  const users: [line: string, user: string | undefined][] = [
    ['user = "root"', "root"],
    ["user = 'root'", "root"],
    ['user="+0"', "+0"],
    ['  user\t=  "0"   # the account', "0"],
    ['user = "a#b" # c', "a#b"],
    [`user = 'a"b'`, 'a"b'],
    ['user = """root"""', "root"],
    ["user = 0", "0"],
    ['# user = "root"', undefined],
    ['#user = "root"\nuser = "qemu"', "qemu"],
    ['user = "qemu"\nuser = "root"', "qemu"],
    ['save_image_format = "user = root"', undefined],
    ['swtpm_user = "root"', undefined],
  ];
  for (const [line, user] of users)
    it(`gives QEMU the account ${user ?? "of the distribution"} with ${JSON.stringify(line)}`, () => {
      assert.equal(read(line).user, user);
    });

  it("knows root by name and number", () => {
    assert.deepEqual(["root", "0", "+0", "+00", "qemu", "+1000", "10", ""].filter(isRoot), ["root", "0", "+0", "+00"]);
  });

  const lists: [text: string, directories: string[]][] = [
    ['shared_filesystems = [\n  "/srv/vms",\n  "/var/lib/libvirt/swtpm"\n]', ["/srv/vms", "/var/lib/libvirt/swtpm"]],
    ["shared_filesystems=[\"/a\",'/b c']", ["/a", "/b c"]],
    ['shared_filesystems = [ # all\n"/a", # one\n# "/b",\n"/c", ]\nuser = "root"', ["/a", "/c"]],
    ["shared_filesystems = []", []],
    ['shared_filesystems = [ "/a]", "/b=c" ]', ["/a]", "/b=c"]],
    ['shared_filesystems = [ "/a"', ["/a"]],
  ];
  for (const [text, directories] of lists)
    it(`reads the list ${JSON.stringify(text)}`, () => {
      assert.deepEqual(read(text).sharedFilesystems, directories);
    });

  it("goes on behind a list", () => {
    assert.equal(read('cgroup_controllers = [ "cpu",\n "memory" ]\nmigrate_tls_force = 1').migrateTlsForce, true);
  });

  it("takes time in proportion to its length", () => {
    for (const unit of ['"', "'", "[", "=", 'a = "', "a = [ ", '"""', '""', "a = [ ] "]) read(unit.repeat(100_000));
  }).timeout(10_000);
});
