export interface AccountOptions {
  /** Member of the group that may use libvirt's socket. Default false. */
  libvirtGroup?: boolean;
  /** May become root by sudo; "password": where it gives one, which it does not have. Needs a lab with `sudo`. Default false. */
  sudo?: boolean | "password";
}

interface CommandLine {
  must(command: string): Promise<string>;
}

/** By hand: useradd renames the files it changes and knows policies of the computer. */
export async function addAccount(
  host: CommandLine,
  name: string,
  { libvirtGroup = false, sudo = false }: AccountOptions,
): Promise<void> {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new Error(`not a name for an account: ${name}`);
  const home = `/run/home/${name}`;
  await host.must(`set -e
    grep -q '^${name}:' /etc/passwd && { echo 'there is an account ${name} already' >&2; exit 1; }
    id=$((3000 + $(wc -l </etc/passwd)))
    echo "${name}:x:$id:$id::${home}:/bin/bash" >>/etc/passwd
    echo "${name}:x:$id:" >>/etc/group
    echo "${name}:*:19000::::::" >>/etc/shadow
    ${libvirtGroup ? `sed -i 's/^\\(libvirt:.*:\\)$/\\1${name}/; t; s/^\\(libvirt:.*\\)$/\\1,${name}/' /etc/group` : ""}
    ${sudo === false ? "" : `echo '${name} ALL=(root) ${sudo === true ? "NOPASSWD: /bin/sh" : "/bin/sh"}' >/etc/sudoers.d/${name}; chmod 440 /etc/sudoers.d/${name}`}
    mkdir -p ${home}/.ssh
    cp /root/.ssh/authorized_keys ${home}/.ssh/
    chown -R $id:$id ${home}
    chmod -R go= ${home}/.ssh`);
}
