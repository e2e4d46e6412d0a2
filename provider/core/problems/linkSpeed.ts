/** What a plan cannot know of the link: it is made without asking a host. */
import { connectionsOver, leastConnections } from "../linkSpeed";
import type { MoveFacts } from "./facts";
import type { Problem } from "../problem";

/** Only where the inventory does not say how fast the link is. */
export function linkIsUsed({ source, destination, peer, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || options.parallelConnections !== "auto" || peer?.linkBitsPerSecond === undefined) return [];
  const fitting = connectionsOver(peer.linkBitsPerSecond);
  if (fitting <= leastConnections) return [];
  const speed = `${Math.floor(peer.linkBitsPerSecond / 1e6) / 1e3}Gbps`;
  const { host } = destination;
  return [
    {
      rule: "link-speed",
      severity: "information",
      code: "optionUnsupported",
      host: source.host,
      message: `the link of ${source.host} to ${host} has ${speed}, enough for ${fitting} connections; the plan has ${leastConnections}, because the inventory does not say how fast the link of ${host} is`,
      remedies: [
        {
          do: `set linkSpeed of ${host}, if its link is as fast`,
          commands: [{ command: `pulumi config set --path 'vm-placement:hosts.${host}.linkSpeed' ${speed}` }],
        },
      ],
    },
  ];
}
