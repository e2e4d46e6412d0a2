import { versionBelow } from "./version";

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
  const crashes: Hindrance[] =
    libvirt !== undefined && /^11\.[23]\./.test(libvirt)
      ? [{ host, why: `libvirt ${libvirt} on ${host} crashes then`, upgradeTo: "11.4" }]
      : [];
  const tooOld = [source, destination].filter(
    (side) => side.libvirt !== undefined && versionBelow(side.libvirt, "8.5"),
  );
  return [
    ...crashes,
    ...tooOld.map((side) => ({
      host: side.host,
      why: `libvirt ${side.libvirt!} on ${side.host} does not know how`,
      upgradeTo: "8.5",
    })),
  ];
}
