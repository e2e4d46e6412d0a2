import assert from "node:assert/strict";
import { problems } from "../../../provider/core/problems";
import { parseDomainXml } from "../../../provider/virsh/domainXml";
import { parseCapabilities, parsePoolPath, parseTpmBackends } from "../../../provider/virsh/hostXml";
import { first, parseXml, showXml } from "../../../provider/virsh/xml";
import { fixture, libvirtVersions } from "../../support/fixture";
import { healthyMove } from "../../support/move-facts";

/** A VM with a device that no live move can take along, and something else besides. */
const withDevice = (metadata: string, attributes = "", more = "") =>
  `<domain type='kvm'${attributes}><name>db-01</name><memory unit='KiB'>1048576</memory>${metadata}<devices><hostdev type='pci'/></devices>${more}</domain>`;
const nested = (levels: number) => `${"<a>".repeat(levels)}x${"</a>".repeat(levels)}`;

describe("XML", () => {
  const odd: [title: string, xml: string][] = [
    ["constructor in metadata", withDevice("<metadata><constructor xmlns='urn:x'/></metadata>")],
    ["__proto__ in metadata", withDevice("<metadata><__proto__ xmlns='urn:x'><devices/></__proto__></metadata>")],
    ["prototype in metadata", withDevice("<metadata><prototype/></metadata>")],
    ["an attribute __proto__ in metadata", withDevice("<metadata><a __proto__='x'/></metadata>")],
    ["an attribute __proto__", withDevice("", " __proto__='x' constructor='y'")],
    ["elements constructor, __proto__, toString", withDevice("<constructor/><__proto__/><prototype/><toString/>")],
    ["150 levels in metadata", withDevice(`<metadata>${nested(150)}</metadata>`)],
    ["150 levels elsewhere", withDevice(nested(150))],
    ["5000 levels", withDevice(`<metadata>${nested(5000)}</metadata>`)],
    ["devices in metadata", withDevice("<metadata><devices/><domain><devices/></domain></metadata>")],
    ["a comment with tags", withDevice("<!-- <devices/> </domain> <cpu mode='custom'/> -->")],
    ["CDATA with tags", withDevice("<title><![CDATA[</domain><devices/>]]></title>")],
    ["a declaration and spaces around", `\n<?xml version='1.0'?>\n${withDevice("")}\n\n`],
  ];
  for (const [title, xml] of odd) {
    it(`with ${title} is read to its devices`, () => {
      const domain = parseDomainXml(xml)!;
      assert.equal(domain.name, "db-01");
      assert.deepEqual(domain.hostDevices, [{ type: "pci", name: "", optional: false, transient: false }]);
      assert.equal(domain.cpuXml, undefined);
      const rules = problems(healthyMove({ domain: { ...healthyMove().domain!, ...domain } })).map(({ rule }) => rule);
      assert.ok(rules.includes("host-devices"), rules.join());
    });
  }

  const complete = withDevice("");
  const unreadable: [title: string, xml: string][] = [
    ["nothing", ""],
    ["another document", "<network/>"],
    ["an error", "error: failed to get domain 'db-01'"],
    ["one that was cut off", complete.slice(0, -20)],
    ["one that was cut off in a tag", complete.slice(0, 40)],
    ["one without a name", "<domain><memory>1</memory></domain>"],
    ["one whose memory is no size", "<domain><name>a</name><memory>1e400</memory></domain>"],
    ["one whose memory is less than nothing", "<domain><name>a</name><memory>-1</memory></domain>"],
    ["mismatched tags", "<domain><name>a</name><devices></domain></devices>"],
    ["two roots", `${complete}${complete}`],
    ["noise before it", `warning\n${complete}`],
    ["a DOCTYPE", `<!DOCTYPE domain>${complete}`],
    [
      "entities that grow",
      `<!DOCTYPE lolz [<!ENTITY a "${"x".repeat(100)}"><!ENTITY b "${"&a;".repeat(100)}"><!ENTITY c "${"&b;".repeat(100)}">]><domain><name>&c;</name></domain>`,
    ],
    ["an entity that is not known", complete.replace("db-01", "&xxe;")],
    ["an attribute twice", withDevice("", " a='1' a='2'")],
    ["more than 4 MiB", withDevice(`<metadata>${"<a/>".repeat(2 ** 20)}</metadata>`)],
    ["more than 200,000 elements", withDevice(`<metadata>${"<a/>".repeat(200_000)}</metadata>`)],
  ];
  for (const [title, xml] of unreadable) {
    it(`${title} is not a VM without devices`, () => assert.equal(parseDomainXml(xml), undefined));
  }

  it("of hosts that cannot be read is not known", () => {
    for (const text of ["", "<capabilities><host>", "<a/>", "<!DOCTYPE a><capabilities/>"]) {
      assert.equal(parseCapabilities(text), undefined);
      assert.equal(parseTpmBackends(text), undefined);
      assert.equal(parsePoolPath(text), undefined);
    }
  });

  it("names what is between quotes as it is written, control characters too", () => {
    const target = first(parseXml("<d><target dev='vda&#10;x&#x2028;&amp;&lt;&quot;'/></d>", "d")!, "target");
    assert.equal(target.attributes.dev, 'vda\nx\u2028&<"');
  });

  for (const version of libvirtVersions) {
    it(`that was read and shown is the same, libvirt ${version}`, () => {
      const domain = parseXml(fixture(version, "dumpxml"), "domain")!;
      assert.deepEqual(parseXml(showXml("domain", domain), "domain"), domain);
    });
  }

  it("that cannot be read is a blocker where it is the VM's, and a warning where it is a host's", () => {
    const facts = healthyMove({
      domain: undefined,
      unreadable: [
        { host: "kvm-a", what: "definition", command: "virsh dumpxml 5c1e2f0a" },
        { host: "kvm-b", what: "capabilities", command: "virsh capabilities" },
        { host: "kvm-b", what: "storage pools", command: "virsh pool-dumpxml POOL" },
        { host: "kvm-b", what: "storage pools", command: "virsh pool-dumpxml POOL" },
      ],
    });
    assert.deepEqual(
      problems(facts)
        .filter(({ rule }) => rule === "answers-are-readable")
        .map(({ severity, code, host, message }) => [severity, code, host, message.split(",")[0]]),
      [
        ["blocker", "unreadableAnswer", "kvm-a", "the definition of the VM on kvm-a cannot be read"],
        ["warning", "unreadableAnswer", "kvm-b", "the capabilities of kvm-b cannot be read"],
        ["warning", "unreadableAnswer", "kvm-b", "the storage pools of kvm-b cannot be read"],
      ],
    );
  });
});
