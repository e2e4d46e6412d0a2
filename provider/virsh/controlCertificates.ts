/** The certificates of libvirt's own connections by TLS, on one end of them. Those of the data are QEMU's (preflight/probes/system.ts). */
import type { CertificateSide } from "../core/problems";
import { parseAuthorities, parseCertificate } from "./certificate";
import { head, sections } from "./sections";
import { sh, type ShellScript } from "./shellScript";

/** Prints the files that `a`, `c` and `k` name. A key that lies where this account may not look is not known to be missing. */
const show = sh`
s files; printf '%s\\n' "$a" "$c" "$k"
for f in "$a" "$c"; do if [ "$f" = "$a" ]; then s authority; else s certificate; fi
  if [ -e "$f" ] && [ ! -r "$f" ]; then echo unreadable; else cat "$f" 2>/dev/null; fi; done
s key; d=\${k%/*}; if [ -e "$k" ]; then echo there; elif [ -x "$d" ] || [ ! -e "$d" ]; then echo missing; fi
s end`;

/** As libvirt's client looks for them as root: in `pkipath`, else in its own directories. */
export function clientCertificatesScript(pkipath: string | undefined): ShellScript {
  return pkipath === undefined
    ? sh`${head}
a=/etc/pki/CA/cacert.pem; c=/etc/pki/libvirt/clientcert.pem; k=/etc/pki/libvirt/private/clientkey.pem${show}`
    : sh`${head}
p=${pkipath}; a="$p/cacert.pem"; c="$p/clientcert.pem"; k="$p/clientkey.pem"${show}`;
}

/** As the daemon that listens finds them, by its configuration; nothing where that cannot be read. */
export function serverCertificatesScript(daemon: string): ShellScript {
  return sh`${head}
f=/etc/libvirt/${daemon}.conf; [ -x /etc/libvirt ] && { [ ! -e "$f" ] || [ -r "$f" ]; } || exit 0
v() { sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*[\\"']\\([^\\"']*\\)[\\"'].*/\\1/p" "$f" 2>/dev/null | head -n 1; }
a=$(v ca_file); c=$(v cert_file); k=$(v key_file)
a=\${a:-/etc/pki/CA/cacert.pem}; c=\${c:-/etc/pki/libvirt/servercert.pem}; k=\${k:-/etc/pki/libvirt/private/serverkey.pem}
s unverified; grep -qE '^[[:space:]]*tls_no_verify_certificate[[:space:]]*=[[:space:]]*1' "$f" 2>/dev/null && echo yes${show}`;
}

/** undefined: what is there cannot be read. */
export function parseControlCertificates(
  host: string,
  text: string,
): (CertificateSide & { takesAnyClient: boolean }) | undefined {
  const all = sections(text);
  const [authority, certificate] = ["authority", "certificate"].map((name) => all.get(name) ?? "") as [string, string];
  if (!all.has("end") || [authority, certificate].includes("unreadable")) return undefined;
  const [authorityFile = "", certificateFile = "", keyFile = ""] = (all.get("files") ?? "").split("\n");
  return {
    host,
    authorityFile,
    certificateFile,
    keyFile,
    authorities: parseAuthorities(authorityFile, authority),
    certificate: parseCertificate(certificateFile, certificate, authority),
    keyIsMissing: all.get("key") === "missing",
    rejectsAll: "libvirt",
    takesAnyClient: all.get("unverified") === "yes",
  };
}
