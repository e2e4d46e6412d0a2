/** SELinux and AppArmor label a VM; both hosts have to have the driver of its label. */
import type { Problem, Remedy } from "../problem";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { StderrCause } from "./stderr";

/** Before 12.3.0 (NEWS), libvirt looks for the driver of a model even where the VM does without its label. */
const takesUnlabelled = "12.3.0";

/** A running VM keeps its label's model; a host without that driver refuses it. A host with a driver that the VM has no label of makes one. */
export function securityModelFits({ domain, destination, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live" || destination.securityModels === undefined) return [];
  const { securityModels, host, libvirt } = destination;
  const asksForAll = libvirt !== undefined && versionBelow(libvirt, takesUnlabelled);
  return [...domain.securityModels, ...(asksForAll ? domain.unlabelledModels : [])]
    .filter((model) => model !== "none" && !securityModels.includes(model))
    .map((model) => ({
      rule: "security-model",
      severity: "blocker",
      code: "migrationRefused",
      host,
      message: `${domain.name} runs ${domain.unlabelledModels.includes(model) ? "without a label of" : "under"} ${model}, but ${host} has ${securityModels.filter((each) => each !== "dac").join(", ") || "no security driver"}`,
      remedies: sameDriver(domain.name, model, asksForAll ? host : undefined),
    }));
}

/** @param old the destination, where its libvirt refuses the model even for a VM without its label. */
function sameDriver(name: string, model: string, old?: string): Remedy[] {
  const unlabelled = `start ${name} with <seclabel type='none' model='${model}'/>`;
  return [
    { do: "use one security driver on both hosts (security_driver in /etc/libvirt/qemu.conf)" },
    {
      do: old === undefined ? unlabelled : `update libvirt on ${old} to ${takesUnlabelled} or later, and ${unlabelled}`,
    },
  ];
}

export const securityDriverMissing: StderrCause = {
  stderr: /Security driver model '[^']{1,64}' is not available|Unable to find security driver for model /,
  code: "migrationRefused",
  remedies: ({ domain }, stderr) =>
    sameDriver(domain, /(?:Security driver model '|security driver for model )(\w{1,64})/.exec(stderr)?.[1] ?? "MODEL"),
};

export const profileNotLoaded: StderrCause = {
  stderr: /(?:cannot|unable to) (?:load|replace|parse) AppArmor profile/i,
  code: "migrationRefused",
  remedies: ({ destination: host }) => [
    {
      do: "see what AppArmor says of the profile that libvirt made for the VM",
      commands: ["aa-status", "journalctl -k -n 50 --grep apparmor"].map((command) => ({ host, command })),
    },
  ],
};
