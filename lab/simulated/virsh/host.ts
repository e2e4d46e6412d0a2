import { helpMigrate, helpUndefine } from "../answers";
import { domstats } from "../load";
import type { HostVerb } from "./verb";

/** Commands about the host and about all of its domains. */
export const hostVerbs: Record<string, HostVerb> = {
  list: ({ host, words }) => {
    const has = (word: string) => words.includes(word);
    const chosen = host.domains.filter(
      (domain) =>
        (!has("--persistent") || domain.persistent) &&
        (!has("--autostart") || domain.autostart) &&
        (!has("--with-managed-save") || domain.managedSave),
    );
    return { out: chosen.map(({ uuid, name }) => (has("--name") ? `${uuid} ${name}` : uuid)).join("\n") };
  },
  version: ({ host }) => {
    const { libvirt = "9.0.0", qemu = "7.2.22" } = host.options;
    return {
      out: `Using library: libvirt ${libvirt}\nUsing API: QEMU ${libvirt}\nRunning hypervisor: QEMU ${qemu}\nRunning against daemon: ${libvirt}`,
    };
  },
  "secret-list": () => ({ out: "" }),
  "nwfilter-list": () => ({ out: "" }),
  domstats: ({ network, host, words }) => domstats(network, host, words),
  help: ({ words }) => ({ out: words.includes("undefine") ? helpUndefine : helpMigrate }),
  capabilities: ({ network, host }) => ({
    out: `<capabilities><host>\n<uuid>${network.uuidOf(host)}</uuid></host></capabilities>`,
  }),
};
