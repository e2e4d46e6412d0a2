import { PolicyPack } from "@pulumi/policy";
import { placementPolicies } from "pulumi-vm-placement/policy";

new PolicyPack("placements", {
  policies: placementPolicies({
    // Labels, maintenance and pinned keys stand in vm-placement:hosts, which the pack reads; sizes do not.
    hosts: {
      "kvm-a": { memory: "256GiB", cpus: 32 },
      "kvm-b": { memory: "256GiB", cpus: 32 },
      "kvm-c": { memory: "128GiB", cpus: 16 },
    },
    vms: {
      "db-01": { labels: { app: "db" }, memory: "96GiB", vcpus: 16 },
      "db-02": { labels: { app: "db" }, memory: "96GiB", vcpus: 16 },
      "cache-01": { labels: { app: "cache" }, memory: "32GiB", vcpus: 4 },
      "web-01": { labels: { app: "web" }, memory: "48GiB", vcpus: 8 },
      "web-02": { labels: { app: "web" }, memory: "48GiB", vcpus: 8 },
      "web-03": { labels: { app: "web" }, memory: "48GiB", vcpus: 8 },
    },
    rules: [
      { apart: { app: "db" } },
      { together: ["db-01", "cache-01"] },
      { only: { app: "db" }, on: { site: "muc" } },
    ],
    limits: { memory: 0.9, cpu: 4, moves: 20 },
    policies: {
      encryption: { between: "site" },
      "no-post-copy": { vms: { app: "db" } },
      "migration-limits": {
        classes: [
          { vms: { app: "db" }, maxDowntime: "300ms", timeout: "30m" },
          { vms: { app: "web" }, maxDowntime: "2s" },
        ],
      },
      "change-windows": {
        vms: { app: "db" },
        windows: [{ days: ["Mon", "Tue", "Wed", "Thu"], from: "22:00", to: "05:00" }],
        timeZone: "Europe/Berlin",
      },
    },
  }),
});
