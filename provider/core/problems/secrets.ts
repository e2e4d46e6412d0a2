/** Secrets that libvirt keeps: for encrypted disks and TPMs, and for servers that ask for a password. A host has its own. */
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import type { MoveFacts, SecretOfVm } from "./facts";
import type { SecretOnHost } from "./hostFacts";
import { between, type StderrCause } from "./stderr";

/** libvirt looks them up when QEMU is started on the destination; an offline migration only defines the VM there. */
export function secretsAreDefined({ domain, source, destination, destinationSecrets, how }: MoveFacts): Problem[] {
  if (domain === undefined || destinationSecrets === undefined) return [];
  const { host } = destination;
  return domain.secrets
    .filter((secret) => !isAmong(secret, destinationSecrets))
    .map((secret) => ({
      rule: "secrets",
      severity: how === "live" ? "blocker" : "warning",
      code: "migrationRefused",
      host,
      message: `${domain.name} needs the secret ${nameOf(secret)}, which libvirt on ${host} does not have${how === "live" ? "" : ", so the VM would not start"}`,
      remedies: [defineSecret(source.host, host, secret)],
    }));
}

function isAmong(secret: SecretOfVm, all: readonly SecretOnHost[]): boolean {
  return all.some(({ uuid, usage }) => ("uuid" in secret ? uuid === secret.uuid : usage === secret.usage));
}

function nameOf(secret: SecretOfVm): string {
  return "uuid" in secret ? secret.uuid : `for ${secret.usage}`;
}

/** The value is typed there: it stands in no command. */
function defineSecret(source: string, host: string, secret: SecretOfVm): Remedy {
  const uuid = "uuid" in secret ? secret.uuid : "UUID";
  return {
    do: `define the secret on ${host} as on ${source}, and set its value`,
    commands: [
      ...("uuid" in secret ? [] : [{ host: source, command: "virsh secret-list" }]),
      { host: source, command: commandLine`virsh secret-dumpxml ${uuid}` },
      { host, command: "virsh secret-define FILE" },
      { host, command: commandLine`virsh secret-set-value --interactive ${uuid}` },
    ],
  };
}

export const secretMissing: StderrCause = {
  stderr: /no secret with matching (?:uuid|usage) '|Secret not found: |no secret matches (?:uuid|usage) '/,
  code: "migrationRefused",
  remedies: ({ source, destination }, stderr) => {
    const uuid = between(stderr, "matching uuid '") ?? between(stderr, "matches uuid '") ?? between(stderr, "secret '");
    const usage = between(stderr, "matching usage '") ?? between(stderr, "matches usage '");
    return [defineSecret(source, destination, uuid === undefined ? { usage: usage ?? "" } : { uuid })];
  },
};
