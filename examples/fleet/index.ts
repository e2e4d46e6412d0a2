import { VmFleet } from "pulumi-vm-placement";

const fleet = new VmFleet("prod", { file: "placements.yaml" });

export const hosts = fleet.hosts;
