/** No text of a host or a file stops the event loop: every reader reads a megabyte of its worst in a moment. */
import assert from "node:assert/strict";
import { clean, cleanLine } from "../../provider/core/clean";
import { parseArrivals } from "../../provider/preflight/probes/arrivals";
import { parseDirtyRates } from "../../provider/preflight/probes/dirtyRate";
import { parseUsedBytes } from "../../provider/preflight/probes/guestMemory";
import { hostUse } from "../../provider/preflight/probes/hostUse";
import { parseImages } from "../../provider/preflight/probes/images";
import { parseLinkSpeed } from "../../provider/preflight/probes/link";
import { parsePeer } from "../../provider/preflight/probes/reach";
import { parseSystem } from "../../provider/preflight/probes/system";
import { parseQemuConf } from "../../provider/virsh/qemuConf";
import { matchesPattern, matchesPatternList } from "../../provider/ssh/patterns";
import { HeadAndTail } from "../../provider/ssh/bounded";
import { readLine } from "../../provider/ssh/config-line";
import { secondsOf } from "../../provider/ssh/config-values";
import { expandStrictly } from "../../provider/ssh/expand";
import { words } from "../../provider/ssh/failure";
import { knownKeysIn } from "../../provider/ssh/known-hosts";
import { readPrivateKey } from "../../provider/ssh/private-key";
import { publicKeyIn } from "../../provider/ssh/public-key";
import { parseCertificate } from "../../provider/virsh/certificate";
import { parseDomainXml } from "../../provider/virsh/domainXml";
import { essence, hidesCause, readFailure } from "../../provider/virsh/failures";
import {
  parseCapabilities,
  parseCpuComparison,
  parsePoolPath,
  parsePoolTarget,
  parseTpmBackends,
} from "../../provider/virsh/hostXml";
import {
  hasBlockJob,
  parseDiskFiles,
  parseDomainList,
  parseDomState,
  parseHelpOptions,
  parseHostname,
  parseHostUuid,
  parseJobInfo,
  parseNumber,
  parseResidentBytes,
  parseUuids,
  parseVersions,
} from "../../provider/virsh/parse";
import { parseUuidTable } from "../../provider/virsh/referred";
import { sections } from "../../provider/virsh/sections";

type Worst = [prefix: string, unit: string, suffix?: string];

const context = { domain: "db-01", source: "kvm-a", destination: "kvm-b" };
const failure = (text: string) => readFailure(text, context);
const pemBegin = "-----BEGIN CERTIFICATE-----\n";
const pemEnd = "-----END CERTIFICATE-----\n";

/** What makes any reader slow that looks for an end, or a line, from each beginning again. */
const common: Worst[] = [
  ["", "\n", "x"],
  ["", " ", "x"],
  ["", "\t", "x"],
  ["", "\r", "x"],
  ["", " ("],
  ["", "a"],
  ["", "-"],
  ["", "--a"],
  ["", "@@ a\n"],
  ["", "=\n"],
  ["", "'"],
  ["", '"'],
  ["", "<"],
  ["", "<a>"],
  ["", "<{%"],
  ["", "\u001b["],
  ["", "\u001b]"],
  ["", "\u009d"],
  ["", "9"],
  ["", ": "],
];

const readers: { name: string; read: (text: string) => unknown; worst?: Worst[] }[] = [
  {
    name: "readFailure",
    read: failure,
    worst: [
      ["Permission denied (publickey", "@"],
      ["Permission denied (publickey", "a@a: "],
      ["", "a@a: Permission denied ("],
      ["", "Permission denied ("],
      ["", "Failed to connect socket to libvirt "],
      ["", "Failed to connect socket to "],
      ["", "sock"],
      ["", "CPU"],
      ["", "network '"],
      ["", "domain '"],
      ["", "Cannot find"],
      ["", "postcopy"],
      ["", "certificate "],
      ["", "unsupported configuration: "],
      ["", "Unable to connect to "],
      ["", "No such file or directory"],
      ["", "virt-ssh-helper: "],
      ["", "failed to connect to the hypervisor"],
      ["", "cannot migrate domain with 1"],
      ["", "Image is not in a"],
      ["", "Cannot recv data: "],
      ["Cannot recv data: ", ".: Connection reset by pee"],
      ["Migration: [", " "],
    ],
  },
  { name: "essence", read: essence, worst: [["Cannot recv data: ", ". "]] },
  { name: "hidesCause", read: hidesCause },
  { name: "parseDomState", read: parseDomState, worst: [["running (", ")("]] },
  { name: "parseDomainList", read: parseDomainList, worst: [["5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b", " "]] },
  { name: "parseUuids", read: parseUuids },
  { name: "parseJobInfo", read: parseJobInfo, worst: [["", "Job type: 2\n"]] },
  {
    name: "parseVersions",
    read: parseVersions,
    worst: [
      ["Running against daemon: ", "9."],
      ["", "Running against daemon: "],
    ],
  },
  { name: "parseHelpOptions", read: parseHelpOptions },
  { name: "parseNumber", read: parseNumber },
  { name: "parseHostname", read: parseHostname },
  {
    name: "parseHostUuid",
    read: parseHostUuid,
    worst: [
      ["", "<host>"],
      ["", "<host> "],
      ["<host>", " "],
      ["", "<host><uuid>"],
    ],
  },
  {
    name: "parseDiskFiles",
    read: parseDiskFiles,
    worst: [
      ["file disk vda /a", " "],
      ["", "file disk "],
    ],
  },
  { name: "parseResidentBytes", read: parseResidentBytes, worst: [["", "balloon.rss="]] },
  { name: "hasBlockJob", read: hasBlockJob },
  {
    name: "parseDomainXml",
    read: parseDomainXml,
    worst: [
      ["<domain><!--", "<cpu ", "--></domain>"],
      ["<domain>", "<cpu>", "</domain>"],
      ["<domain>", "<cpu/>", "</domain>"],
      ["<domain>", "</a>", "</domain>"],
      ["<domain ", " a", "/>"],
      ["<domain ", "a='", "/>"],
      ["<domain a='", "&amp;", "'/>"],
      ["<domain>", "&#10;", "</domain>"],
      ["<domain>", "&", "</domain>"],
      ["<domain>", "]]>", "</domain>"],
      ["<domain>", "]", "</domain>"],
      ["<domain>", "<![CDATA[", "</domain>"],
      ["<domain>", "<![CDATA[]]>", "</domain>"],
      ["<domain>", "<!--", "</domain>"],
      ["<domain>", "<?a b?>", "</domain>"],
      ["<domain><metadata>", "<m>", "</metadata></domain>"],
      ["<domain><name>a</name><memory>1</memory><devices>", "<disk/>", "</devices></domain>"],
      ["<domain><name>a</name><memory>1</memory><cpu>", "<feature/>", "</cpu></domain>"],
      ["<!DOCTYPE a [", "<!ENTITY a 'a'>", "]><domain/>"],
    ],
  },
  { name: "parseCapabilities", read: parseCapabilities, worst: [["<capabilities>", "<guest/>", "</capabilities>"]] },
  { name: "parseTpmBackends", read: parseTpmBackends },
  { name: "parsePoolPath", read: parsePoolPath },
  { name: "parsePoolTarget", read: parsePoolTarget },
  { name: "parseUuidTable", read: parseUuidTable, worst: [["", "55806c7d-8e93-456f-829b-607d8c198367 "]] },
  {
    name: "parseCpuComparison",
    read: (text) => parseCpuComparison(1, text),
    worst: [
      ["required features: ", ","],
      ["required features: ", ", "],
      ["", "required features: "],
      ["unknown CPU feature ", "a"],
      ["", "Unknown CPU feature"],
    ],
  },
  {
    name: "parseCertificate",
    read: (text) => parseCertificate("a.pem", text, text),
    worst: [
      ["", pemBegin],
      ["", pemEnd],
      ["", pemBegin + pemEnd],
      [pemBegin, "A"],
      [pemBegin, "AAAA\n", pemEnd],
    ],
  },
  { name: "parseUsedBytes", read: (text) => parseUsedBytes(`@@ used\n${text}\n@@ end\n`, 1024) },
  { name: "parseLinkSpeed", read: (text) => parseLinkSpeed(`@@ speed\n${text}\n@@ end\n`) },
  {
    name: "parseArrivals",
    read: (text) => parseArrivals(`@@ uptime\n1.0\n@@ ticks\n100\n@@ qemu\n${text}\n@@ end\n`),
    worst: [
      ["", "u received 1\n"],
      ["u received ", "1"],
    ],
  },
  ...["stat", "meminfo", "pressure.cpu"].map((section) => ({
    name: `hostUse, ${section}`,
    read: (text: string) => hostUse("@@ end\n", `@@ ${section}\n${text}\n@@ end\n`),
    worst: [
      ["cpu ", " "],
      ["cpu ", "1 "],
      ["", "MemTotal: "],
      ["MemTotal:", " ", "x"],
      ["", "some avg10=0.00 "],
      ["some avg10=0.00 ", "total=1 "],
    ] as Worst[],
  })),
  {
    name: "parseDirtyRates",
    read: parseDirtyRates,
    worst: [
      ["Domain: 'a'\n  dirtyrate.megabytes_per_second=1\n", "\n", "x"],
      ["Domain: 'a'\n", " ", "x"],
      ["", "Domain: '"],
      ["", "Domain: 'a'\n"],
    ],
  },
  {
    name: "parseQemuConf",
    read: (text) => parseQemuConf(`# readable\n${text}`),
    worst: [
      ["", "user"],
      ["", "user = "],
      ["user = ", " "],
      ["user = ", '"'],
      ["user = ", "#"],
    ],
  },
  { name: "sections", read: sections },
  {
    name: "parseSystem",
    read: (text) =>
      ["clock", "memory", "hugepages", "interfaces", "userfaultfd", "qemu.conf", "keys"].map((name) =>
        parseSystem(`@@ ${name}\n${text.slice(0, text.length / 8)}\n@@ end\n`, 0, 0),
      ),
    worst: [
      ["", "MemAvailable:"],
      ["MemAvailable:", " "],
      ["MemAvailable:", "\n"],
    ],
  },
  {
    name: "parseImages",
    read: (text) => parseImages(`@@ /a\nexists=1\n${text}\njson=${text}\n@@ end\n`),
    worst: [
      ["", "size=1\n"],
      ["", "["],
      ["", '{"a":'],
    ],
  },
  {
    name: "parsePeer",
    read: (text) => parsePeer(`@@ control\n1\n@@ control.err\n${text}\n@@ login\n${text}\n@@ end\n`),
    worst: [["", "@@ data-1\n1\n"]],
  },
  { name: "clean", read: (text) => clean(text, 2 ** 20) },
  { name: "cleanLine", read: (text) => cleanLine(text, 2 ** 20) },
  { name: "words of an error", read: (text) => words(new Error(text)) },
  {
    name: "knownKeysIn",
    read: (text) => knownKeysIn(text, "kvm-a", "known_hosts"),
    worst: [["", "kvm-a ssh-rsa A\n"]],
  },
  {
    name: "matchesPattern",
    read: (text) => matchesPattern("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text),
    worst: [["", "a"]],
  },
  { name: "matchesPatternList", read: (text) => matchesPatternList(text.split(","), "kvm-a"), worst: [["", "*a"]] },
  {
    name: "matchesPattern of a long pattern",
    read: (text) => matchesPattern(text, "a".repeat(255)),
    worst: [["", "*a"]],
  },
  {
    name: "readPrivateKey",
    read: (text) => readPrivateKey(text, undefined),
    worst: [["-----BEGIN OPENSSH PRIVATE KEY-----", "A"]],
  },
  { name: "publicKeyIn", read: publicKeyIn, worst: [["", "a- "]] },
  {
    name: "expandStrictly",
    read: (text) => expandStrictly(text, { h: "kvm-a" }, {}),
    worst: [
      ["", "%"],
      ["", "${"],
    ],
  },
  {
    name: "readLine",
    read: readLine,
    worst: [
      ["Host ", "\\"],
      ["Host ", '"a" '],
      ["Port", " =", "="],
    ],
  },
  { name: "secondsOf", read: secondsOf, worst: [["", "1", "x"]] },
  {
    name: "secondsOf, of what it takes at most",
    read: (text) => secondsOf(text.slice(0, 39) + "x"),
    worst: [["", "1"]],
  },
  {
    name: "HeadAndTail",
    read: (text) => {
      const kept = new HeadAndTail(64 * 1024);
      for (let at = 0; at < text.length; at += 7) kept.add(text.slice(at, at + 7));
      return kept.text;
    },
  },
];

function textOf([prefix, unit, suffix = ""]: Worst, length: number): string {
  return prefix + unit.repeat(Math.ceil(length / unit.length)) + suffix;
}

/** Milliseconds of this process on a CPU, the best of some runs: the rest of the computer may be busy. */
function fastest(read: () => unknown, enoughMs: number): number {
  let best = Infinity;
  for (let run = 0; run < 4 && best > enoughMs; run++) {
    const start = process.cpuUsage();
    read();
    best = Math.min(best, process.cpuUsage(start).user / 1000);
  }
  return best;
}

describe("readers of what hosts say", function () {
  this.timeout(120_000);

  for (const { name, read, worst = [] } of readers) {
    it(`${name} reads each text once`, () => {
      const texts = [...worst, ...common].map((each, index) => ({
        each,
        most: index < worst.length ? 2 ** 20 : 2 ** 18,
      }));
      for (const { each, most } of texts) {
        const shown = JSON.stringify(each);
        // Whatever is quadratic takes seconds for the first, and would take an hour for the second.
        for (const [length, mostMs] of [
          [48 * 1024, 750],
          [most, 5000],
        ] as const) {
          const text = textOf(each, length);
          const ms = fastest(() => read(text), mostMs);
          assert.ok(ms < mostMs, `${Math.round(ms)} ms for ${text.length} characters of ${shown}`);
        }
      }
    });
  }
});
