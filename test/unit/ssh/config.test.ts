import assert from "node:assert/strict";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sshConfigHosts } from "../../../provider/ssh";
import { surroundings } from "../../../provider/ssh/surroundings";
import { sshHome } from "../../support/ssh-home";

describe("ssh: the files of ssh_config", () => {
  const { home, write, options, target } = sshHome();
  it("includes files by pattern, in order, relative to ~/.ssh, and only where their Host applies", () => {
    write(".ssh/conf.d/10-a", "Host kvm-a\n Port 1001\n");
    write(".ssh/conf.d/20-b", "User included\nHost kvm-b\n Port 1002\n");
    write("other", "Port 1003\n");
    const config = `Include conf.d/* "~/nothing"\nHost kvm-c\n Include ~/other\nHost kvm-d\n User outer\n`;
    assert.equal(target({ name: "kvm-a" }, config).port, 1001);
    assert.equal(target({ name: "kvm-b" }, config).port, 1002);
    assert.equal(target({ name: "kvm-c" }, config).port, 1003);
    assert.deepEqual(
      [target({ name: "kvm-d" }, config).port, target({ name: "kvm-d" }, config).user],
      [22, "included"],
    );
  });

  it("takes a directory that a pattern of Include matches for an empty file", () => {
    write(".ssh/config.d/10-kvm.conf", "Host kvm-a\n  HostName 10.0.0.11\n  User admin\n");
    write(".ssh/config.d/archive/old.conf", "User old\n");
    const t = target({ name: "kvm-a" }, "Include config.d/*\n");
    assert.deepEqual([t.user, t.address], ["admin", "10.0.0.11"]);
  });

  it("takes single quotes away, and `~root` for root's home", () => {
    const config = `Host 'kvm-b' "kvm-c"\n HostName '10.0.0.12'\n IdentityFile ~root/.ssh/shared\nInclude ~root/.ssh/no-such\n`;
    for (const name of ["kvm-b", "kvm-c"]) {
      const { address, keys } = target({ name }, config);
      assert.deepEqual([address, keys.identityFiles], ["10.0.0.12", ["/root/.ssh/shared"]]);
    }
  });

  it("gives no host a name with a token that ssh does not take, in its second pass either", () => {
    const config = "HostName %n.net\nMatch final host other\n Port 1\n";
    assert.throws(() => target({ name: "kvm-a" }, config), { code: "invalidInput", message: /HostName %n\.net/ });
  });

  it("of the system comes after the user's, and not at all when a file is named", () => {
    write("etc/ssh_config", "Host kvm-a\n User system\n Port 2222\n Include more\n");
    write("etc/more", "ConnectTimeout 4\n");
    const t = target({ name: "kvm-a" }, "Host kvm-a\n User mine\n");
    assert.deepEqual([t.user, t.port, t.connectTimeoutMs], ["mine", 2222, 4000]);
    const { configFiles } = surroundings({ home: home(), sshConfigFile: "/named" });
    assert.deepEqual(configFiles, [{ path: "/named", directory: join(home(), ".ssh"), private: false }]);
    assert.deepEqual(surroundings({ home: home() }).configFiles, [
      { path: join(home(), ".ssh/config"), directory: join(home(), ".ssh"), private: true },
      { path: "/etc/ssh/ssh_config", directory: "/etc/ssh", private: false },
    ]);
  });

  it("that includes itself, or cannot be read, is refused by the name of the file", () => {
    write(".ssh/config", "Include config\n");
    assert.throws(() => sshConfigHosts(options()), {
      code: "invalidInput",
      message: /config.*\n?.*Include is nested/,
    });
    write(".ssh/config", 'Host "kvm-a\n');
    assert.throws(() => sshConfigHosts(options()), { code: "invalidInput", message: /\.ssh\/config/ });
  });

  it("that has a line ssh does not take, or that others may write, is refused by file and line", () => {
    const agents = ["IdentityAgent ${NO_SUCH}/s", "IdentityAgent /s${HOME", "IdentityAgent $HOME/s"];
    const others = ["IdentitiesOnly on", "Port 0", "User 'a", "Match host", "IdentityFile /a /b", "Port"];
    for (const line of [...agents, ...others]) {
      write(".ssh/config", `# first\nHost kvm-z\n ${line}\n`);
      assert.throws(() => sshConfigHosts(options()), { code: "invalidInput", message: /config[^]*line 3: / }, line);
    }
    const file = write(".ssh/config", "Host kvm-a\n");
    chmodSync(file, 0o666);
    assert.throws(() => sshConfigHosts(options()), { code: "invalidInput", message: /chmod go-w/ });
  });

  it("names its hosts: literal ones, once each, from included files too", () => {
    write(".ssh/config", "Host kvm-a kvm-b *.net !kvm-z kvm-?\nHost *\n Include more\nMatch host kvm-m\nHost kvm-a\n");
    write(".ssh/more", "Host kvm-c\n");
    assert.deepEqual(sshConfigHosts(options()), ["kvm-a", "kvm-b", "kvm-c"]);
    rmSync(join(home(), ".ssh"), { recursive: true });
    assert.deepEqual(sshConfigHosts(options()), []);
  });
});
