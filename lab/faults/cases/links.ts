/** Faults of a connection: from this computer to a host, or between the hosts. */
import type { Fault } from "../case";
import * as inject from "../inject";
import { moved, takesOver } from "./output";

export const linkFaults: readonly Fault[] = [
  {
    title: "link to the source silent",
    means: "packets from this computer to the source vanish, until `up` has given up",
    inject: (fixture) => inject.silence(fixture, fixture.source),
    recover: ({ source }) => source.unblock(),
    cases: {
      "before `up`": { up: "fails", output: /hostUnreachable/, nextOutput: moved },
      "before start": { up: "fails", output: /hostUnreachable|connectionLost/ },
      "pre-copy": { up: "fails", output: /lost contact with/, heldUntil: takesOver, nextOutput: moved },
      "post-copy": { up: "fails", output: /lost contact with/, refresh: true },
      "after completion": {
        up: "fails",
        output: /hostUnreachable|connectionLost|lost contact/,
        refresh: true,
      },
    },
  },
  {
    title: "link to the source broken for a moment",
    means: "the source's sshd is ended with its sessions, and started again after three seconds",
    inject: ({ source }) => source.stopSshd({ cut: true }),
    recover: ({ source }) => source.startSshd(),
    cases: {
      "pre-copy": { up: "succeeds", output: moved, recoverAfter: 3000 },
      "switch-over": { up: "succeeds", output: moved, recoverAfter: 3000 },
      "post-copy": { up: "succeeds", output: moved, recoverAfter: 3000 },
      "after completion": { up: "succeeds", output: moved, recoverAfter: 3000 },
    },
  },
  {
    title: "link to the destination silent",
    means: "packets from this computer to the destination vanish, until `up` has ended",
    inject: (fixture) => inject.silence(fixture, fixture.destination),
    recover: ({ destination }) => destination.unblock(),
    cases: {
      "before `up`": { up: "fails", output: /hostUnreachable/, nextOutput: moved },
      "before start": { up: "fails", output: /hostUnreachable|connectionLost/, heldUntil: "injected" },
      "pre-copy": { up: "fails", output: /hostUnreachable|connectionLost/, heldUntil: "injected" },
      "post-copy": {
        up: "fails",
        output: /hostUnreachable|connectionLost/,
        heldUntil: "injected",
        refresh: true,
      },
      "after completion": { up: "fails", output: /hostUnreachable|connectionLost/, heldUntil: "injected" },
    },
  },
  {
    title: "source hangs",
    means: "the source's sshd accepts connections but does not answer (SIGSTOP), nor do its sessions",
    inject: ({ source }) => inject.stopAnswering(source),
    recover: ({ source }) => inject.answerAgain(source),
    cases: {
      "before `up`": { up: "fails", output: /hostUnreachable/, nextOutput: moved },
      "pre-copy": { up: "succeeds", output: moved, recoverAfter: 5000 },
      "switch-over": { up: "succeeds", output: moved, recoverAfter: 5000 },
      "post-copy": { up: "succeeds", output: moved, recoverAfter: 5000 },
      "after completion": { up: "succeeds", output: moved, recoverAfter: 5000 },
    },
  },
  {
    title: "destination hangs",
    means: "the same on the destination",
    inject: ({ destination }) => inject.stopAnswering(destination),
    recover: ({ destination }) => inject.answerAgain(destination),
    cases: {
      "before `up`": { up: "fails", output: /hostUnreachable/, nextOutput: moved },
      "pre-copy": { up: "succeeds", output: moved, recoverAfter: 5000 },
      "post-copy": { up: "succeeds", output: moved, recoverAfter: 5000 },
      "after completion": { up: "succeeds", output: moved, recoverAfter: 5000 },
    },
  },
  {
    title: "hosts cut off from each other",
    means: "every connection between source and destination is reset and refused",
    inject: (fixture) => inject.cut(fixture, "reject"),
    recover: ({ source }) => source.unblock(),
    cases: {
      "before `up`": { up: "fails", output: /peerUnreachable/, nextOutput: moved },
      "before start": { up: "fails", output: /peerUnreachable/, heldUntil: "injected", nextOutput: moved },
      "pre-copy": { up: "fails", output: /running \(.*\) on kvm-a as before/, nextOutput: moved },
      "switch-over": { up: "fails", output: /is not answering libvirt|on kvm-a as before/, nextOutput: moved },
      "post-copy": { up: "fails", output: /postCopyInterrupted/, nextOutput: /resum|removed the leftover/ },
      "after completion": { up: "succeeds", output: moved, recoverAfter: 1000 },
    },
  },
  {
    title: "silence between the hosts",
    means: "packets between source and destination vanish, until `up` has ended",
    inject: (fixture) => inject.cut(fixture, "drop"),
    recover: ({ source }) => source.unblock(),
    cases: {
      "pre-copy": { up: "fails", output: /on kvm-a as before/, nextOutput: moved },
      "post-copy": { up: "fails", output: /postCopyInterrupted/, nextOutput: /resum|removed the leftover/ },
    },
  },
  {
    title: "silence between the hosts for 70 s",
    means: "the same, ended after 70 s while `up` watches: libvirt gives the migration up, QEMU may end it by itself",
    inject: (fixture) => inject.cut(fixture, "drop"),
    recover: ({ source }) => source.unblock(),
    cases: {
      // QEMU on the source may exit without libvirt there noticing: then a person has to end it.
      "post-copy": {
        up: "either",
        output: /moved kvm-a → kvm-b|postCopyInterrupted|has arrived on kvm-b/,
        recoverAfter: 70_000,
        followsRemedies: "ifRefused",
      },
    },
  },
];
