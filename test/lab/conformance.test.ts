import type { Host } from "../../provider/core/model";
import { createDial } from "../../provider/ssh";
import { systemClock as clock } from "../../provider/observe/clock";
import type { Lab } from "../../lab/libvirt";
import { conformance } from "../support/conformance";
import { describeWithLab } from "../support/lab";
import type { ConformanceLab } from "../support/conformance/scenario";

/** Less than half a megabyte a second, of guests that write 20: no pass gets to its end. */
const heldKbit = 4000;

function realLab(lab: Lab): ConformanceLab {
  const inventory = Object.fromEntries(
    Object.entries(lab.inventory()).map(([name, host]): [string, Host] => [name, { name, ...host }]),
  );
  const source = lab.host("kvm-a");
  return {
    inventory,
    dial: createDial({ inventory }),
    clock,
    start: (name, state) => lab.startGuest({ name, host: "kvm-a", state }),
    hold: () => source.slowMigrations(heldKbit),
    release: () => source.unlimit(),
  };
}

describeWithLab("libvirt answers as the simulated lab does", {}, (lab) =>
  conformance(() => Promise.resolve(realLab(lab()))),
);
