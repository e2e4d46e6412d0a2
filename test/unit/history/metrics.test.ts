import assert from "node:assert/strict";
import { metrics } from "../../../provider/history/metrics";
import { historyEntry } from "../../support/historyEntry";

describe("metrics", () => {
  it("count moves by how they ended, their times, pauses and bytes", async () => {
    const { measured: _, ...failed } = historyEntry({ outcome: "stayed", endedAt: "2026-01-03T00:00:00.000Z" });
    const text = await metrics([historyEntry(), failed], {});
    const labels = 'source="kvm-a",destination="kvm-b"';
    for (const line of [
      "# TYPE vm_placement_moves_total counter",
      `vm_placement_moves_total{${labels},mode="live",outcome="moved"} 1`,
      `vm_placement_moves_total{${labels},mode="live",outcome="stayed"} 1`,
      `vm_placement_moved_bytes_total{${labels}} 170917888`,
      'vm_placement_move_duration_seconds_sum{mode="live"} 3.9',
      'vm_placement_move_duration_seconds_bucket{le="5",mode="live"} 1',
      'vm_placement_move_downtime_seconds_count{mode="live"} 1',
      `vm_placement_last_move_timestamp_seconds{vm="db-01",outcome="stayed"} ${Date.UTC(2026, 0, 3) / 1000}`,
    ])
      assert.ok(text.split("\n").includes(line), `${line}\nis not in\n${text}`);
    assert.doesNotMatch(text, /last_move_timestamp_seconds\{vm="db-01",outcome="moved"\}/, "of a VM only the last one");
  });

  it("tell which hosts answer and what is on them, and escape labels", async () => {
    const running = { state: "running" };
    const text = await metrics([historyEntry({ vm: 'a"b\\c' })], {
      "kvm-a": [running, running, { state: "shut off" }],
      "kvm-b": undefined,
    });
    for (const line of [
      'vm_placement_host_up{host="kvm-a"} 1',
      'vm_placement_host_up{host="kvm-b"} 0',
      'vm_placement_host_vms{host="kvm-a",state="running"} 2',
      'vm_placement_host_vms{host="kvm-a",state="shut off"} 1',
    ])
      assert.ok(text.split("\n").includes(line), `${line}\nis not in\n${text}`);
    assert.match(text, /vm="a\\"b\\\\c"/);
  });
});
