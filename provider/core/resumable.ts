import { hasFault, knownFaults } from "./knownFaults";

export interface Hindrance {
  /** The host whose libvirt it is. */
  host: string;
  why: string;
  upgradeTo: string;
}

interface Side {
  host: string;
  libvirt: string | undefined;
}

/** Why an interrupted post-copy between these hosts cannot be resumed: a resume into libvirt 11.2 or 11.3 crashes its daemon (4 of 4); libvirt before 8.5 knows no resume. */
export function resumeHindrances(source: Side, destination: Side): Hindrance[] {
  const { host, libvirt } = destination;
  const crashes: Hindrance[] = hasFault(libvirt, knownFaults.resumeCrash)
    ? [{ host, why: `libvirt ${libvirt!} on ${host} crashes then`, upgradeTo: knownFaults.resumeCrash.fixedIn }]
    : [];
  const tooOld = [source, destination].filter((side) => hasFault(side.libvirt, knownFaults.noResume));
  return [
    ...crashes,
    ...tooOld.map((side) => ({
      host: side.host,
      why: `libvirt ${side.libvirt!} on ${side.host} does not know how`,
      upgradeTo: knownFaults.noResume.fixedIn,
    })),
  ];
}
