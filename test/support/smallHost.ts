/** What the shell of a host with 4 GiB and 4 CPUs says of it, for `answers.set("MemTotal", smallHost)` of a simulated one. */
export const smallHost = ["clock\n", "memory\nMemTotal: 4194304 kB\nMemAvailable: 4000000 kB\n", "cpus\n0-3\n", "end\n"]
  .map((section) => `\n@@ ${section}`)
  .join("");
