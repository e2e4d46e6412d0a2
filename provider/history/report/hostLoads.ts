/** What the VMs of each host were given, before the first move and after the last. */
import { showBytes } from "../../core/units";
import type { HistoryEntry, HostLoad } from "../entry";
import { hostColor } from "./colors";
import { html, type Markup } from "./html";

export function hostLoads(entries: readonly HistoryEntry[], hosts: readonly string[]): Markup | undefined {
  const loads = hosts.map((host) => ({ host, before: first(entries, host), after: last(entries, host) }));
  const all = loads.flatMap(({ before, after }) => [before, after].filter((load) => load !== undefined));
  if (all.length === 0) return undefined;
  const most = Math.max(...all.map(({ memoryBytes, totalMemoryBytes = 0 }) => Math.max(memoryBytes, totalMemoryBytes)));
  return html`<table>
    <tr>
      <th>host</th>
      <th></th>
      <th>VMs</th>
      <th>vCPUs</th>
      <th>memory given to VMs</th>
      <th></th>
    </tr>
    ${loads.flatMap(({ host, before, after }) => [
      rowOf(host, "before", before, most, hostColor(host, hosts)),
      rowOf("", "after", after, most, hostColor(host, hosts)),
    ])}
  </table>`;
}

function rowOf(host: string, when: string, load: HostLoad | undefined, most: number, color: string): Markup {
  if (load === undefined)
    return html`<tr>
      <th>${host}</th>
      <td>${when}</td>
      <td colspan="4">not known</td>
    </tr>`;
  const { vms, vcpus, memoryBytes, totalMemoryBytes } = load;
  const wide = (bytes: number) => Math.max(1, Math.round((bytes / most) * 280));
  const outer = wide(totalMemoryBytes ?? memoryBytes);
  return html`<tr>
    <th>${host}</th>
    <td>${when}</td>
    <td class="n">${vms}</td>
    <td class="n">${vcpus}</td>
    <td class="n">
      ${showBytes(memoryBytes)}${totalMemoryBytes !== undefined && ` of ${showBytes(totalMemoryBytes)}`}
    </td>
    <td>
      <div style="width:${outer}px;background:#e2e8f0">
        <div style="width:${wide(memoryBytes)}px;height:12px;background:${color}"></div>
      </div>
    </td>
  </tr>`;
}

const first = (entries: readonly HistoryEntry[], host: string) =>
  entries.map(({ hosts }) => hosts?.[host]?.before).find((load) => load !== undefined);

/** By their ends: moves overlap. */
function last(entries: readonly HistoryEntry[], host: string): HostLoad | undefined {
  const ended = [...entries].sort((a, b) => Date.parse(b.endedAt) - Date.parse(a.endedAt));
  return ended.map(({ hosts }) => hosts?.[host]?.after).find((load) => load !== undefined);
}
