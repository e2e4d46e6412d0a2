/** A stand-in for virsh on one host, which lets a migration wait before it is begun or after it has ended. The product knows nothing of it. */
import type { LabHost } from "../libvirt";

export type Side = "before" | "after";

const standIn = `#!/bin/bash
real=/run/lab/virsh
wait_at() {
  : >/run/lab/at-$1
  while [ -e /run/lab/shut-$1 ]; do sleep 0.05; done
  rm -f /run/lab/at-$1
}
case " $* " in *" migrate "*) ;; *) exec -a virsh $real "$@" ;; esac
[ -e /run/lab/shut-before ] && wait_at before
[ -e /run/lab/shut-after ] || exec -a virsh $real "$@"
$real "$@"
code=$?
wait_at after
exit $code
`;

export async function shutGate(host: LabHost, side: Side): Promise<void> {
  const script = `
    mkdir -p /run/lab && virsh=$(command -v virsh)
    if [ ! -e /run/lab/virsh ]; then
      touch /run/lab/virsh && mount --bind "$virsh" /run/lab/virsh
      cat >/run/lab/stand-in && chmod 755 /run/lab/stand-in && mount --bind /run/lab/stand-in "$virsh"
    fi
    : >/run/lab/shut-${side}`;
  await host.must(script, { input: standIn });
}

export async function openGate(host: LabHost, side: Side): Promise<void> {
  await host.must(`rm -f /run/lab/shut-${side}`);
}

export async function isAtGate(host: LabHost, side: Side): Promise<boolean> {
  return (await host.sh(`[ -e /run/lab/at-${side} ]`)).code === 0;
}
