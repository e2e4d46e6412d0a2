/** The placements file: every field, what may stand there, and what it means. */
import type { Field, ListShape, NamesShape, ObjectShape, Shape } from "./shape";
import * as value from "./values";

const object = (example: string, fields: Record<string, Field>, required: readonly string[] = []): ObjectShape => ({
  kind: "object",
  fields,
  required,
  example,
});
const field = (doc: string, shape: Shape): Field => ({ shape, doc });

const labels: NamesShape = {
  kind: "names",
  nameOf: "the key of a label",
  whyNot: (key) => (key === "" || key.length > 128 ? "expected a key of 1 to 128 characters" : undefined),
  of: value.text("text", '"web"'),
  example: "{ app: web }",
};
const someLabels: NamesShape = { ...labels, min: 1 };
/** Whether a name is one of a VM of the file is checked when all of it is known. */
const vmName = value.text("the name of a VM of this file", '"db-01"');
const names = (of: Shape, min: number, example: string): ListShape => ({ kind: "list", of, min, example });

const vms = (min: number): Shape => ({
  kind: "forms",
  list: names(vmName, min, "[db-01, db-02]"),
  mapping: someLabels,
  expected: "names of VMs, or labels that all must match",
  example: "[db-01, db-02] or { app: db }",
});
const hosts: Shape = {
  kind: "forms",
  list: names(value.host, 1, "[kvm-a, kvm-b]"),
  mapping: someLabels,
  expected: "names of hosts, or labels that all must match",
  example: "[kvm-a, kvm-b] or { site: muc }",
};

const memory = field("How much of a host's memory its VMs may take: 90%.", value.percent(1, 1000, '"90%"'));
const cpu = field("Virtual CPUs of VMs for each CPU of a host: 400% is four.", value.percent(1, 10_000, '"400%"'));

const onDrift = value.choice(["moveBack", "adopt", "fail"]);

const hostEntry = object("{ maintenance: true }", {
  maintenance: field("true: nothing is placed on this host.", value.flag("true")),
  labels: field("Labels beside those of the inventory, for rules.", labels),
  limits: field("Override the limits of the fleet, one by one.", object("{ memory: 80% }", { memory, cpu })),
});

const vmEntry = object(
  "{ host: kvm-a, priority: 10 }",
  {
    host: field("The host on which the VM belongs.", value.host),
    domain: field("libvirt's name or UUID of the VM. Default: the key.", value.domain),
    labels: field("Labels, by which rules select VMs.", labels),
    priority: field("VMs with a higher number move first. Default: 0.", value.integer(-1000, 1000, "10")),
    pinned: field("true: no plan moves the VM. Default: false.", value.flag("true")),
    onEvacuation: field(
      "What an evacuation does if the VM cannot leave its host: it is impossible (block), or leaves the VM there (stay). Default: block.",
      value.choice(["block", "stay"]),
    ),
    after: field("The VM moves when these VMs have moved.", names(vmName, 1, "[db-01]")),
    onDrift: field(
      "What becomes of a VM that was moved by hand: `up` moves it back (moveBack, the default), it stays there until `host` changes (adopt), or `up` refuses to move it (fail).",
      onDrift,
    ),
    migration: field("How the VM is moved: the options of VmPlacement, over the defaults.", value.ownMigration),
  },
  ["host"],
);

const rule: Shape = {
  kind: "variants",
  variants: {
    apart: object("{ apart: { app: web } }", { apart: field("Never two of these VMs on one host.", vms(2)) }),
    together: object("{ together: [app-01, cache-01] }", {
      together: field("All of these VMs on one host.", vms(2)),
    }),
    only: object(
      "{ only: { app: db }, on: { site: muc } }",
      {
        only: field("These VMs run only on the hosts of `on`.", vms(1)),
        on: field("The hosts: names, or labels of hosts.", hosts),
      },
      ["on"],
    ),
  },
  example: "{ apart: { app: web } }",
};

export const fileExample = "vms: { db-01: kvm-a }";

export const placementsShape = object(
  fileExample,
  {
    hosts: field("What is to be known of hosts beside the inventory.", {
      kind: "names",
      nameOf: "a host name",
      whyNot: value.whyNotHost,
      of: hostEntry,
      example: "{ kvm-a: { maintenance: true } }",
    }),
    vms: field("Where each VM belongs: the VM's name, and its host or an object with more.", {
      kind: "names",
      nameOf: "the name of a VM",
      // Whether virsh takes it is asked only where it is the domain.
      whyNot: (name) => (name === "" || name.length > 255 ? "expected a name of 1 to 255 characters" : undefined),
      of: {
        kind: "forms",
        value: value.host,
        mapping: vmEntry,
        expected: "a host name, or an object with the host and more",
        example: "kvm-a or { host: kvm-a, priority: 10 }",
      },
      example: "{ db-01: kvm-a }",
    }),
    rules: field("What must hold wherever the VMs are.", {
      kind: "list",
      of: rule,
      min: 0,
      example: "[{ apart: { app: web } }]",
    }),
    limits: field(
      "How much of each host the VMs may take, and how many moves a plan may have.",
      object("{ memory: 90%, moves: 20 }", {
        memory,
        cpu,
        moves: field("Most moves in one plan.", value.integer(1, 100_000, "20")),
      }),
    ),
    defaults: field(
      "What holds for every VM that does not say otherwise.",
      object("{ migration: { timeout: 5m } }", {
        migration: field("How VMs are moved: the options of VmPlacement.", value.migration),
        onDrift: field("The same, for VMs that do not say otherwise.", onDrift),
      }),
    ),
    evacuated: field("Written by an evacuation: which VMs left which host, in which order. Restoring takes it away.", {
      kind: "names",
      nameOf: "a host name",
      whyNot: value.whyNotHost,
      of: {
        kind: "names",
        nameOf: "the name of a VM",
        whyNot: () => undefined,
        of: value.integer(0, 1_000_000, "0"),
        example: "{ db-01: 0 }",
      },
      example: "{ kvm-a: { db-01: 0 } }",
    }),
  },
  ["vms"],
);
