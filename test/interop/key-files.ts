/** Private keys of other programs open here, and ours open there. */
import { execFile } from "node:child_process";
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { encodePrivateKey, generatePrivateKey } from "@dtuf/master/keys";
import { importPrivateKey } from "@dtuf/signers";
import { keyFromPem, parseKey, keyMaterial } from "@dtuf/tuf";
import { installations, type Peers } from "../../bench/peers.ts";
import type { Outcome } from "./outcome.ts";
import { buildGoTuf, findPythonTuf, type TufPeer } from "./peers.ts";

const passphrase = "correct horse";

export async function runKeyFiles(peers: Peers): Promise<readonly Outcome[]> {
  const home = await mkdtemp(join(tmpdir(), "dtuf-interop-keys-"));
  try {
    const python = await findPythonTuf(peers);
    const go = await buildGoTuf(home);
    return [
      await tryPeer("openssl", () => withOpenssl(home)),
      python === undefined
        ? missing("securesystemslib", installations.python)
        : await tryPeer(python.name, () => withPython(python, home)),
      go === undefined
        ? missing("cosign's keys", "Go from https://go.dev/dl, or DTUF_PEER_GO")
        : await tryPeer("sigstore's keys", () => withCosign(go, home)),
    ];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function missing(peer: string, install: string): Outcome {
  return { kind: "missing", peer, install };
}

async function tryPeer(peer: string, work: () => Promise<string>): Promise<Outcome> {
  try {
    return { kind: "ran", peer, did: await work(), faults: [] };
  } catch (error) {
    return { kind: "ran", peer, did: "private keys", faults: [String(error)] };
  }
}

async function open(file: string): Promise<KeyObject> {
  const secret = (): Promise<string> => Promise.resolve(passphrase);
  return importPrivateKey(await readFile(file, "utf8"), { of: file, context: { env: {}, secret } });
}

const publicPem = (key: KeyObject): string => String(createPublicKey(key).export({ format: "pem", type: "spki" }));

function verifySame(what: string, ours: string, theirs: string): void {
  if (ours.trim() !== theirs.trim()) throw new TypeError(`${what}: another public key`);
}

async function withOpenssl(home: string): Promise<string> {
  const openssl = async (...words: readonly string[]): Promise<string> =>
    (await promisify(execFile)("openssl", words)).stdout;
  const file = (name: string): string => join(home, `openssl-${name}`);
  await openssl("genpkey", "-algorithm", "ed25519", "-out", file("pkcs8"));
  await openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", file("sec1"));
  await openssl("genrsa", "-traditional", "-out", file("pkcs1"), "2048");
  const lock = ["-topk8", "-v2", "aes-256-cbc", "-passout", `pass:${passphrase}`];
  await openssl("pkcs8", ...lock, "-in", file("sec1"), "-out", file("encrypted"));
  const names = ["pkcs8", "sec1", "pkcs1", "encrypted"];
  for (const name of names) {
    const theirs = await openssl("pkey", "-pubout", "-passin", `pass:${passphrase}`, "-in", file(name));
    verifySame(name, publicPem(await open(file(name))), theirs);
  }
  const own = await generatePrivateKey("ecdsa-p256");
  await writeFile(file("own"), await encodePrivateKey(own, undefined));
  verifySame("our key", publicPem(own), await openssl("pkey", "-pubout", "-in", file("own")));
  return `opened ${names.join(", ")}, and openssl opened ours`;
}

async function withPython({ run }: TufPeer, home: string): Promise<string> {
  await run(["keys", home]);
  for (const kind of ["ed25519", "ecdsa", "rsa"]) {
    const text = await readFile(join(home, `${kind}.pub`), "utf8");
    const theirs = parseKey({ keytype: kind, scheme: schemes[kind] ?? "", keyval: { public: text } });
    const ours = keyFromPem(publicPem(await open(join(home, `${kind}.key`))));
    verifySame(kind, keyMaterial(ours) ?? "", keyMaterial(theirs) ?? "none");
  }
  const own = await generatePrivateKey("ed25519");
  await writeFile(join(home, "own"), await encodePrivateKey(own, undefined));
  const signature = Buffer.from((await run(["sign", join(home, "own")])).trim(), "hex");
  if (!verify(null, Buffer.from("payload"), createPublicKey(own), signature)) throw new TypeError("a wrong signature");
  return "opened ed25519, ecdsa, rsa, and securesystemslib signed with ours under file2:";
}

const schemes: Readonly<Record<string, string>> = {
  ed25519: "ed25519",
  ecdsa: "ecdsa-sha2-nistp256",
  rsa: "rsassa-pss-sha256",
};

async function withCosign({ run }: TufPeer, home: string): Promise<string> {
  await run(["cosign-key", home, passphrase]);
  verifySame(
    "cosign.key",
    publicPem(await open(join(home, "cosign.key"))),
    await readFile(join(home, "cosign.pub"), "utf8"),
  );
  return "opened cosign.key";
}
