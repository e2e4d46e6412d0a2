/** A host with libvirt's modular daemons beside one with libvirtd: they reach each other by TLS, and each is told of its own units. */
import assert from "node:assert/strict";
import { ownRelease } from "../../lab/libvirt/releases/releases";
import type { PlacementError } from "../../provider/core/errors";
import { describeWithReleases } from "../support/lab";
import { moveInLab } from "../support/lab-move";
import { assertMemoryIntact } from "../support/memory";

/** As systemd answers, of units that are installed and not enabled. */
const systemctl = `#!/bin/sh
[ "$1" = show ] || exit 0
for u; do case $u in *.socket | *.service) printf 'Id=%s\\nLoadState=loaded\\nActiveState=inactive\\nUnitFileState=disabled\\n\\n' "$u" ;; esac; done
`;

describeWithReleases("a host with modular daemons and one with libvirtd", [ownRelease(), "modular"], (lab) => {
  const [monolithic, modular] = [() => lab().hosts[0]!, () => lab().hosts[1]!];
  const move = (domain: string, to: string) =>
    moveInLab({ lab: lab(), domain, to, options: { tls: true }, change: () => ({ peerTransport: "tls" }) });

  it("move a VM there and back by TLS", async function () {
    this.timeout(120_000);
    await lab().startGuest({ name: "both", host: monolithic().name, dirtyMiB: 4 });
    for (const { name } of [modular(), monolithic()]) {
      const { view, command } = await move("both", name);
      assert.match(command, / qemu\+tls:\/\/[\d.]+\/system$/);
      assert.equal(view.host, name);
      await assertMemoryIntact(lab(), "both", name);
    }
  });

  it("have the socket of their own daemon named where nothing listens", async function () {
    this.timeout(180_000);
    for (const [destination, source, daemon] of [
      [modular(), monolithic(), "virtproxyd"],
      [monolithic(), modular(), "libvirtd"],
    ] as const) {
      await destination.must(
        `sed -i 's/^listen_tls = 1/listen_tls = 0/' /etc/libvirt/${daemon}.conf && kill "$(cat /run/${daemon}.pid)"
         while [ -e /proc/$(cat /run/${daemon}.pid 2>/dev/null || echo none) ]; do sleep 0.1; done`,
      );
      await (daemon === "libvirtd"
        ? destination.startLibvirtd()
        : destination.must(`${daemon} -d -p /run/${daemon}.pid`));
      const name = `to-${daemon}`;
      await lab().startGuest({ name, host: source.name, dirtyMiB: 4 });
      const remedies = async () => {
        const error = await move(name, destination.name).then(
          () => assert.fail("it was moved"),
          (thrown: PlacementError) => thrown,
        );
        assert.equal(error.code, "peerUnreachable", error.message);
        return error.message;
      };
      assert.match(
        await remedies(),
        new RegExp(`set listen_tls = 1 in /etc/libvirt/${daemon}\\.conf on ${destination.name}`),
      );
      await destination.must(`mkdir -p /run/systemd/system && cat >/usr/local/bin/systemctl && chmod +x /usr/local/bin/systemctl`, { input: systemctl }); // prettier-ignore
      assert.match(
        await remedies(),
        new RegExp(`\`systemctl enable --now ${daemon}-tls\\.socket\` on ${destination.name}`),
      );
      assert.equal(await source.virsh(`domstate ${name}`), "running");
    }
  });
});
