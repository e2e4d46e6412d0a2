/** SELinux and AppArmor label a VM; both hosts have to have the driver of its label. */
import type { Problem, Remedy } from "../problem";
import type { MoveFacts } from "./facts";
import type { StderrCause } from "./stderr";

/** A running VM keeps its label's model; a host without that driver refuses it. */
export function securityModelFits({ domain, destination, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live" || destination.securityModels === undefined) return [];
  const { securityModels, host } = destination;
  return domain.securityModels
    .filter((model) => model !== "none" && !securityModels.includes(model))
    .map((model) => ({
      rule: "security-model",
      severity: "blocker",
      code: "migrationRefused",
      host,
      message: `${domain.name} runs under ${model}, but ${host} has ${securityModels.filter((each) => each !== "dac").join(", ") || "no security driver"}`,
      remedies: sameDriver(domain.name, model),
    }));
}

function sameDriver(name: string, model: string): Remedy[] {
  return [
    { do: "use one security driver on both hosts (security_driver in /etc/libvirt/qemu.conf)" },
    { do: `start ${name} with <seclabel type='none' model='${model}'/>` },
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
