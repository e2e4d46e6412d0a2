/** Which QEMU release a machine type behaves like. Two vendors name theirs after releases of their own. */
import { versionBelow } from "../version";

/** Ubuntu's types with QEMU's compatibility of 7.2 and older; lunar (23.04) is 7.2, mantic (23.10) 8.0. Code names start over after z, so each is named. */
const ubuntuUpTo72 = new Set(
  "trusty utopic vivid wily xenial yakkety zesty artful bionic cosmic disco eoan focal groovy hirsute impish jammy kinetic lunar".split(
    " ",
  ),
);
const ubuntuFrom80 = new Set("mantic noble oracular plucky questing resolute".split(" "));

/** RHEL's types up to rhel9.2.0 are of QEMU 7.2 and older (9.2 has 7.2, 9.3 no type of its own, 9.4 has 8.2). */
const rhelFrom80 = "9.4";

/**
 * True: of QEMU 8.0 or later. False: of 7.2 or older. Undefined: not known.
 *
 * @example
 * "pc-q35-7.2" → false, "pc-q35-8.0" → true, "s390-ccw-virtio-10.1" → true, "pc-q35-jammy-hpb" → false, "pc-q35-rhel9.4.0" → true
 */
export function isFromQemu80(machine: string): boolean | undefined {
  const rhel = /-rhel(\d+\.\d+)(?:\.\d+)?$/.exec(machine)?.[1];
  if (rhel !== undefined) return !versionBelow(rhel, rhelFrom80);
  // "+pve1" is Proxmox's revision of a release's type.
  const release =
    /^(?:pc-q35|pc-i440fx|pc|virt|pseries|s390-ccw-virtio|m68k-virt|virt-m68k)-(\d+\.\d+)(?:\.\d+)?(?:\+pve\d+)?(?:-sxxm)?$/.exec(
      machine,
    )?.[1];
  if (release !== undefined) return !versionBelow(release, "8.0");
  const ubuntu = /^(?:pc-q35|pc-i440fx|pseries|s390-ccw-virtio|virt)-([a-z]+)(?:-(?:hpb|maxcpus|sxxm|v\d+))*$/.exec(
    machine,
  )?.[1];
  if (ubuntu !== undefined && ubuntuUpTo72.has(ubuntu)) return false;
  if (ubuntu !== undefined && ubuntuFrom80.has(ubuntu)) return true;
  return undefined;
}
