/** Whatever language the account has, and whatever of virsh's settings: each command speaks English, to the libvirt of the stack. */
import assert from "node:assert/strict";
import type { ExecOptions, ProcessListeners } from "../../../provider/core/ports";
import { Virsh } from "../../../provider/virsh/client";
import { sh } from "../../../provider/virsh/shellScript";
import { command } from "../../../provider/virsh/virshCommand";
import { speaking, testHost, translatedLanguages } from "../../support/languages";
import { LocalShell } from "../../support/local-shell";
import { dbUuid } from "../../support/views";

/** Keeps what is sent to the host. */
class RecordingShell extends LocalShell {
  readonly sent: string[] = [];

  override exec(line: string, options: ExecOptions = {}) {
    this.sent.push(`${line}\n${options.input ?? ""}`);
    return super.exec(line, options);
  }

  override async spawn(line: string, listeners: ProcessListeners) {
    const at = this.sent.push(`${line}\n`) - 1;
    const remote = await super.spawn(line, listeners);
    const write = remote.write.bind(remote);
    return Object.assign(remote, {
      write: (text: string) => {
        this.sent[at] += text;
        write(text);
      },
    });
  }
}

/** Every way in which the provider has a host run something, with labels and words that libvirt translates. */
async function answers(host: Virsh): Promise<unknown[]> {
  const text = ({ stdout, stderr }: { stdout: string; stderr: string }) => [stdout, stderr];
  return [
    await host.state(dbUuid),
    await host.view("db-01"),
    await host.look(),
    await host.versions(),
    await host.inquire(command`dominfo ${dbUuid}`),
    await host.inquire(command`domiflist ${dbUuid}`),
    await host.inquire(command`domblkinfo ${dbUuid} vda`),
    await host.inquire(command`domblklist --details ${dbUuid}`),
    await host.inquire(command`nodeinfo`),
    await host.inquire(command`net-info default`),
    await host.inquire(command`net-list --all`),
    await host.inquire(command`pool-info default`),
    await host.inquire(command`pool-list --all --details`),
    await host.inquire(command`vol-list default`),
    await host.inquire(command`help migrate`),
    text((await host.inquireShell(sh`virsh dominfo db-01; virsh domstate nothing; cat /nothing`))!),
    text(await host.run(sh`virsh -q pool-info default; virsh net-info nothing; ls /nothing`)),
    text(await host.exec("virsh dominfo nothing")),
    text(await host.execShort("virsh net-info default")),
  ];
}

describe("a host whose account speaks another language", function () {
  this.timeout(120_000);
  const { uri, remove } = testHost();
  const translated = translatedLanguages(uri);
  after(remove);

  const ask = async (env: NodeJS.ProcessEnv) => {
    const shell = new RecordingShell({ env });
    const host = new Virsh(shell, uri);
    try {
      const all: unknown = JSON.parse(JSON.stringify(await answers(host)).replaceAll(/CPU time: +[\d.]+s/g, ""));
      return { answers: all as unknown[], sent: shell.sent };
    } finally {
      host.close();
    }
  };

  if (translated.length === 0) {
    it("answers in English (not run: virsh or its translations are not installed)");
    return;
  }

  for (const language of translated) {
    it(`answers in English: ${language}`, async () => {
      const english = await ask({ ...process.env, LC_ALL: "C" });
      assert.deepEqual((await ask(speaking(language))).answers, english.answers);
      assert.deepEqual(english.answers[0], { state: "running", reason: "unknown" });
      assert.match(String(english.answers[4]), /^Id: +\d[^]*State: +running/);
    });
  }

  it("is sent nothing that does not set the language first", async () => {
    const { sent } = await ask(speaking(translated[0]!));
    assert.ok(sent.length >= 6, `${sent.length} processes`);
    for (const text of sent) {
      const at = text.indexOf("export LC_ALL=C ");
      assert.ok(at > 0, text);
      assert.ok(!/^[^']*\bvirsh /m.test(text.slice(0, at)), text);
    }
  });

  it("is asked of the stack's libvirt, whatever virsh's own settings name", async () => {
    const settings = { VIRSH_DEFAULT_CONNECT_URI: "test:///default", LIBVIRT_DEFAULT_URI: "test:///default" };
    const { answers } = await ask({ ...process.env, ...settings, VIRSH_DEBUG: "0", LIBVIRT_DEBUG: "1" });
    assert.deepEqual(answers, (await ask(process.env)).answers);
  });
});
