import { startCommand } from "../daemons";
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { answers } from "./driverDaemons";
import type { MoveFacts } from "./facts";

/** Of a private key that is encrypted (qemu.conf), on either host. With modular daemons virtqemud asks virtsecretd for it. */
export function tlsSecretIsDefined({ source, destination, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || !options.tls) return [];
  return [source, destination].flatMap(({ host, system, daemons, secrets }) => {
    const uuid = system?.qemuConf?.tlsSecret;
    if (uuid === undefined) return [];
    const found = (message: string, remedies: Remedy[]): Problem[] => [
      { rule: "tls-secret", severity: "blocker", code: "peerTls", host, message, remedies },
    ];
    if (daemons?.layout === "modular" && !answers(daemons, "virtsecretd")) {
      const message = `qemu.conf of ${host} names a secret for the key of its TLS certificate, but neither virtsecretd nor its socket is active there`;
      return found(message, [{ do: "start virtsecretd", commands: startCommand(host, daemons, "virtsecretd") }]);
    }
    if (secrets === undefined || secrets.some((each) => each.uuid === uuid)) return [];
    return found(
      `qemu.conf of ${host} names the secret ${uuid} for the key of its TLS certificate, but libvirt there does not have it`,
      [
        {
          do: "define it with that UUID and the usage type tls, and set its value",
          commands: ["virsh secret-define FILE", commandLine`virsh secret-set-value --interactive ${uuid}`].map(
            (command) => ({ host, command }),
          ),
        },
      ],
    );
  });
}
