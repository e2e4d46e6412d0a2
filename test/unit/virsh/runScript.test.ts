/** Whatever an account's start-up files print, before an answer or behind it, every question is answered as without it. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Virsh } from "../../../provider/virsh/client";
import { runScript } from "../../../provider/virsh/runScript";
import { sections } from "../../../provider/virsh/sections";
import { sh } from "../../../provider/virsh/shellScript";
import { LocalShell } from "../../support/local-shell";

const uuid = "5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b";
/** A virsh that answers in a session and by itself, echoing as virsh does. */
const virsh = `#!/bin/sh
[ "$LC_ALL" = C ] || { echo "Fehler: not in English" >&2; exit 1; }
say() {
  case "$*" in
    "list --all --uuid --name") echo "${uuid} db-01"; echo;;
    "list --all --uuid") echo ${uuid};;
    domstate*) echo "running (booted)";;
    domjobinfo*) echo "error: Requested operation is not valid: domain is not running" >&2; return 1;;
    "version --daemon") echo "Running against daemon: 9.0.0";;
  esac
}
case "$*" in
  "-q -c "*) ;;
  *) shift; say "$@"; exit;;
esac
while read -r line; do
  echo "virsh # $line"
  case "$line" in
    quit) exit;;
    "echo --err "*) eval "set -- $line"; echo "error: $3 $4" >&2;;
    "echo "*) eval "set -- $line"; printf %s "$2 $3";;
    *) say $line;;
  esac
done
`;
const both = (line: string) => `${line}\n${line} >&2\n`;
const noises: Record<string, string> = {
  nothing: "",
  "lines of tools without a terminal":
    "echo \"stty: 'standard input': Inappropriate ioctl for device\" >&2; echo 'tput: No value for $TERM and no -T specified' >&2",
  "a locale that is missing":
    "echo 'bash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8)' >&2; export LC_ALL=de_DE.UTF-8",
  "a command that is missing": "echo '/root/.bashrc: line 12: fortune: command not found' >&2",
  "a welcome": both("echo Welcome"),
  "no line break at its end": both("printf Welcome"),
  "an error of libvirt's": both("echo 'error: failed to connect to the hypervisor'"),
  "what looks like marks": both(
    "printf '\\n@@ end\\n@@ memory\\n1\\noutput-00\\nend-of-answer-00 0\\nerror: end-of-answer-00 0\\nvirsh # list\\n'",
  ),
  "a megabyte in lines": both("yes 'some line of a start-up file' | head -c 1000000"),
  "a megabyte in one line": both("head -c 1000000 /dev/zero | tr '\\0' x"),
  "more than any answer has": "yes 'some line of a start-up file' | head -c 9000000",
  "a last line at its end": "trap 'echo Bye; echo Bye >&2' EXIT",
  "an end that looks like marks": "trap 'printf \"@@ end\\n@@ own\\nother\\n\"; echo error: Bye >&2' EXIT",
  "a process that goes on": "( for i in 1 2 3 4 5 6 7 8; do echo news >&2; sleep 0.02; done ) &",
  "lines that end with a carriage return": both("printf 'Welcome\\r\\n\\rBye\\r'"),
  "colours and a title": both("printf '\\033[1;32mWelcome\\033[0m\\033]0;kvm-a\\007\\033[2J'"),
  "a table like virsh's": both(
    `printf ' Id   Name    State\\n----------------------\\n 1    db-02   running\\n\\n11111111-2222-4333-8444-555555555555 db-02\\n'`,
  ),
  "a prompt without an answer": both("printf 'Continue? [Y/n] '"),
  "what a job says of itself": both("printf 'Job type: 2\\nrunning (booted)\\n'"),
  "a PROMPT_COMMAND, and aliases":
    "export PROMPT_COMMAND='echo prompt' PS1='$ ' PS4='+ '; alias echo=false printf=false",
  "functions of common names":
    "echo() { command echo wrong; }; printf() { command echo wrong; }; export -f echo printf",
  "the trace of its shell": "export SHELLOPTS; set -x",
  "variables of the shell's own": "export IFS=: OPTIND=7 LINENO=3 POSIXLY_CORRECT=1 CDPATH=/ ENV=/nowhere line=x p=y",
  "an end that has a code of its own": "trap 'echo Bye; exit 3' EXIT",
  "a process that goes on and prints without a line end": "( for i in 1 2 3 4; do printf x >&2; sleep 0.02; done ) &",
  "bytes that are no text": both("printf '\\001\\002\\033[31m\\377\\376\\000'"),
};

/** What another process prints while a script runs stands among the script's own lines; no answer is read from standard error. */
const withoutNews = (stderr: string) => stderr.replace(/news\n|x/g, "");

describe("a host whose start-up files print", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "start-up-"));
    writeFileSync(join(directory, "virsh"), virsh);
    chmodSync(join(directory, "virsh"), 0o755);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  for (const [title, profile] of Object.entries(noises)) {
    it(`${title} answers each question as without it`, async () => {
      writeFileSync(join(directory, "profile"), `${profile}\n`);
      const path = `${directory}:${process.env["PATH"]}`;
      const env = { ...process.env, PATH: path, BASH_ENV: join(directory, "profile") };
      const shell = new LocalShell({ loginShell: "/bin/bash", env });
      const host = new Virsh(shell, "qemu:///system");
      assert.deepEqual(await host.domains(), [{ uuid, name: "db-01" }]);
      assert.deepEqual(await host.state(uuid), { state: "running", reason: "booted" });
      assert.equal((await host.job(uuid))?.type, "held");
      assert.deepEqual(await host.versions(), { libvirt: "9.0.0", qemu: undefined });
      const script = sh`s() { printf '\\n@@ %s\\n' "$1"; }; s own; echo ${"a\nb"}; s end; printf 'error: own' >&2; exit 3`;
      const { code, stdout, stderr } = await runScript(shell, script);
      assert.deepEqual([code, withoutNews(stderr)], [3, "error: own"]);
      assert.deepEqual(Object.fromEntries(sections(stdout)), { own: "a\nb", end: "" });
      const listed = await host.run(sh`virsh -q list --all --uuid`);
      assert.deepEqual([listed.code, listed.stdout, withoutNews(listed.stderr)], [0, `${uuid}\n`, ""]);
      host.close();
    });
  }
});
