import { generateKeyPair } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { must } from "./commands";
import { hostDir } from "./host-files";
import { controllerAddress } from "./network";
import { findProgram } from "./prerequisites";
import type { LabRecord } from "./registry";

export interface CertificateOptions {
  /** The name it bears. Default: the host's. */
  name?: string;
  /** The addresses it bears. Default: the host's; none = a certificate for the name alone. */
  addresses?: readonly string[];
  /** It ran out years ago. */
  expired?: boolean;
  /** Signed by an authority that no host here knows. */
  otherAuthority?: boolean;
}

/** One authority, a certificate for each host (server and client in one), and one for clients on the computer itself. */
export async function makeCertificates(record: LabRecord): Promise<void> {
  await Promise.all(
    ["authority", "other-authority"].map((name) => makeAuthority(record, join(record.dir, "pki", name))),
  );
  const controller = join(record.dir, "pki", "controller");
  const forController = issue(record, { name: "lab-controller", addresses: [controllerAddress(record)] }).then(
    ({ certificate, key }) =>
      // As libvirt expects them at `qemu+tls://HOST/system?pkipath=DIRECTORY`.
      writeAll(record, controller, {
        "cacert.pem": authority(record),
        "clientcert.pem": certificate,
        "clientkey.pem": key,
      }),
  );
  await Promise.all([forController, ...record.hosts.map(({ name }) => issueForHost(record, name))]);
}

/** Puts a new certificate among the host's files; which of them the host has in use is the caller's. */
export async function issueForHost(record: LabRecord, host: string, options: CertificateOptions = {}): Promise<void> {
  const { address } = record.hosts.find(({ name }) => name === host)!;
  const { certificate, key } = await issue(record, { name: host, addresses: [address], ...options });
  const ca = authority(record);
  writeAll(record, join(hostDir(record, host), "etc/pki"), {
    "CA/cacert.pem": ca,
    "libvirt/servercert.pem": certificate,
    "libvirt/clientcert.pem": certificate,
    "libvirt/private/serverkey.pem": key,
    "libvirt/private/clientkey.pem": key,
    "qemu/ca-cert.pem": ca,
    "qemu/server-cert.pem": certificate,
    "qemu/client-cert.pem": certificate,
    "qemu/server-key.pem": key,
    "qemu/client-key.pem": key,
  });
}

const authority = (record: LabRecord) => readFileSync(join(record.dir, "pki/authority/cert.pem"), "utf8");

async function makeAuthority(record: LabRecord, directory: string): Promise<void> {
  writeAll(record, directory, {
    "key.pem": await makeKey(),
    template: "cn = lab authority\nca\ncert_signing_key\nexpiration_days = 3650\n",
  });
  await certtool(directory, "--generate-self-signed");
}

let serial = 0;

async function issue(record: LabRecord, options: CertificateOptions): Promise<{ certificate: string; key: string }> {
  const { name, addresses = [], expired = false, otherAuthority = false } = options;
  const directory = join(record.dir, "pki", `${name}-${process.pid}-${serial++}`);
  const validity = expired
    ? 'activation_date = "2020-01-01 00:00:00 UTC"\nexpiration_date = "2021-01-01 00:00:00 UTC"\n'
    : "expiration_days = 3650\n";
  const purposes = "tls_www_server\ntls_www_client\nsigning_key\nencryption_key\n";
  const sans = [`dns_name = ${name}\n`, ...addresses.map((address) => `ip_address = ${address}\n`)].join("");
  const key = await makeKey();
  writeAll(record, directory, {
    "key.pem": key,
    template: `organization = lab\ncn = ${name}\n${sans}${purposes}${validity}`,
  });
  const signer = join(record.dir, "pki", otherAuthority ? "other-authority" : "authority");
  const signing = ["--load-ca-certificate", `${signer}/cert.pem`, "--load-ca-privkey", `${signer}/key.pem`];
  await certtool(directory, "--generate-certificate", ...signing);
  return { certificate: readFileSync(join(directory, "cert.pem"), "utf8"), key };
}

async function certtool(directory: string, ...action: string[]): Promise<void> {
  const own = ["--load-privkey", `${directory}/key.pem`, "--template", `${directory}/template`];
  await must(findProgram("certtool")!, [...action, ...own, "--outfile", `${directory}/cert.pem`]);
}

/** RSA: libvirt 9 refuses certtool's certificates for elliptic curves. */
async function makeKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  return privateKey;
}

function writeAll(record: LabRecord, directory: string, files: Record<string, string>): void {
  // A signal may have removed the lab meanwhile: files written now would stay for good.
  if (!existsSync(record.dir)) throw new Error("the lab was taken down while its certificates were made");
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text, { mode: path.includes("key") ? 0o600 : 0o644 });
  }
}
