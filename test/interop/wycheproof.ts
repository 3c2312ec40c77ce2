/**
 * Wycheproof's vectors (https://github.com/C2SP/wycheproof, Apache-2.0) over the verification of signatures in @dtuf/tuf.
 *
 * A signature over a TUF document with an ML-DSA key is over a prefixed digest (TAP 21), which no vector has: those of
 * ML-DSA are run over `verifiesMlDsa`, to which `findPublicKey` hands that digest.
 */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseKey } from "@dtuf/tuf";
import { verifiesMlDsa } from "../../packages/tuf/src/ml-dsa.ts";
import { findPem, findPublicKey } from "../../packages/tuf/src/public-key.ts";
import type { Outcome } from "./outcome.ts";

/** Each file of vectors with the key type and scheme of TUF that it is about. */
export const vectorFiles: Readonly<Record<string, readonly [keyType: string, scheme: string]>> = {
  ed25519_test: ["ed25519", "ed25519"],
  ecdsa_secp256r1_sha256_test: ["ecdsa", "ecdsa-sha2-nistp256"],
  ecdsa_secp384r1_sha384_test: ["ecdsa", "ecdsa-sha2-nistp384"],
  rsa_pss_2048_sha256_mgf1_0_test: ["rsa", "rsassa-pss-sha256"],
  rsa_pss_2048_sha256_mgf1_32_test: ["rsa", "rsassa-pss-sha256"],
  rsa_pss_2048_sha256_mgf1sha1_20_test: ["rsa", "rsassa-pss-sha256"],
  rsa_pss_2048_sha384_mgf1_48_test: ["rsa", "rsassa-pss-sha384"],
  rsa_pss_3072_sha256_mgf1_32_test: ["rsa", "rsassa-pss-sha256"],
  rsa_pss_4096_sha256_mgf1_32_test: ["rsa", "rsassa-pss-sha256"],
  rsa_pss_4096_sha384_mgf1_48_test: ["rsa", "rsassa-pss-sha384"],
  rsa_pss_4096_sha512_mgf1_32_test: ["rsa", "rsassa-pss-sha512"],
  rsa_pss_4096_sha512_mgf1_64_test: ["rsa", "rsassa-pss-sha512"],
  mldsa_44_verify_test: ["ml-dsa", "ml-dsa-44/1"],
  mldsa_65_verify_test: ["ml-dsa", "ml-dsa-65/1"],
  mldsa_87_verify_test: ["ml-dsa", "ml-dsa-87/1"],
};

export interface VectorFile {
  readonly testGroups: readonly VectorGroup[];
}

export interface VectorGroup {
  /** Absent where the key is none. */
  readonly publicKeyDer?: string;
  /** RSA-PSS: the hash, and the hash of the mask. */
  readonly sha?: string;
  readonly mgfSha?: string;
  readonly tests: readonly Vector[];
}

export interface Vector {
  readonly tcId: number;
  readonly comment?: string;
  readonly msg: string;
  readonly sig: string;
  /** ML-DSA's context. TUF's is empty. */
  readonly ctx?: string;
  readonly result: "valid" | "invalid" | "acceptable";
  readonly flags: readonly string[];
}

/** How many vectors were tried, and a line for each that came out otherwise. */
export function runVectors(
  name: string,
  { testGroups }: VectorFile,
): { readonly tried: number; readonly faults: readonly string[] } {
  const [keytype = "", scheme = ""] = vectorFiles[name] ?? [];
  const faults: string[] = [];
  let tried = 0;
  for (const group of testGroups) {
    const verifies = createVerifier(keytype, scheme, group);
    for (const vector of group.tests) {
      tried += 1;
      const wanted = isWanted(group, vector);
      const got = verifies(Buffer.from(vector.msg, "hex"), Buffer.from(vector.sig, "hex"));
      if (got !== wanted)
        faults.push(
          `${name} ${vector.tcId} (${vector.flags.join(" ")}) ${vector.comment ?? ""}: ${got ? "taken" : "refused"}`,
        );
    }
  }
  return { tried, faults };
}

type Verifies = (message: Buffer, signature: Buffer) => boolean;

function createVerifier(keytype: string, scheme: string, { publicKeyDer = "" }: VectorGroup): Verifies {
  const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(publicKeyDer, "hex").toString("base64")}\n-----END PUBLIC KEY-----\n`;
  const key = findPublicKey(parseKey({ keytype, scheme, keyval: { public: pem } }));
  const opened = findPem(pem);
  if (key === undefined || opened === undefined) return () => false;
  if (keytype !== "ml-dsa") return (message, signature) => key.verifies(message, signature);
  return (message, signature) => verifiesMlDsa(opened, message, signature);
}

/**
 * TUF's schemes name one hash for an RSA signature and its mask, no length of the salt, and no context for ML-DSA: what is
 * valid by another hash or context is refused here, and a signature with a salt of another length than the vectors' is good.
 */
function isWanted({ sha, mgfSha = sha }: VectorGroup, { result, ctx = "", comment = "" }: Vector): boolean {
  const isGood = result === "valid" || /^s_len changed to \d+$/.test(comment);
  return isGood && mgfSha === sha && ctx === "";
}

/** The vectors as a Go module, which is the form in which they are published. */
const module = "github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a";

/** Kept in the repository, one vector of each kind, for those who have no Go: `pnpm interop --write` writes them. */
export const sampleFile: string = join(import.meta.dirname, "data", "wycheproof.json");
const sampled: readonly string[] = [
  "ed25519_test",
  "ecdsa_secp256r1_sha256_test",
  "ecdsa_secp384r1_sha384_test",
  "rsa_pss_2048_sha256_mgf1_32_test",
  "rsa_pss_2048_sha256_mgf1sha1_20_test",
  "rsa_pss_4096_sha512_mgf1_64_test",
  "mldsa_44_verify_test",
];

function sampleOf({ testGroups }: VectorFile): VectorFile {
  const seen = new Set<string>();
  const isNew = ({ flags, result }: Vector): boolean => {
    const before = seen.size;
    for (const flag of flags) seen.add(`${flag} ${result}`);
    return seen.size > before;
  };
  const groups = testGroups.map(({ publicKeyDer = "", sha, mgfSha, tests }) => {
    const kept = tests.filter(isNew).map(({ tcId, comment, msg, sig, ctx, result, flags }) => {
      return { tcId, comment, msg, sig, ctx, result, flags } as Vector;
    });
    return { publicKeyDer, sha, mgfSha, tests: kept } as VectorGroup;
  });
  return { testGroups: groups.filter(({ tests }) => tests.length > 0) };
}

async function findVectors(): Promise<string | undefined> {
  const go = process.env["DTUF_PEER_GO"] ?? "go";
  try {
    const { stdout } = await promisify(execFile)(go, ["mod", "download", "-json", module]);
    return join((JSON.parse(stdout) as { readonly Dir: string }).Dir, "testvectors_v1");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

export async function runWycheproof(): Promise<Outcome> {
  const directory = await findVectors();
  if (directory === undefined) {
    return { kind: "missing", peer: "wycheproof", install: "Go from https://go.dev/dl, or DTUF_PEER_GO" };
  }
  const files = new Map<string, VectorFile>();
  for (const name of Object.keys(vectorFiles)) {
    files.set(name, JSON.parse(await readFile(join(directory, `${name}.json`), "utf8")) as VectorFile);
  }
  if (process.argv.includes("--write")) {
    const samples = [...files].filter(([name]) => sampled.includes(name)).map(([name, file]) => [name, sampleOf(file)]);
    const kept = { source: module, licence: "Apache-2.0", files: Object.fromEntries(samples) as object };
    await writeFile(sampleFile, `${JSON.stringify(kept, undefined, 1)}\n`);
  }
  const results = [...files].map(([name, file]) => runVectors(name, file));
  const tried = results.reduce((sum, result) => sum + result.tried, 0);
  const did = `${tried} vectors in ${files.size} files verify as they should`;
  return { kind: "ran", peer: `wycheproof (${module})`, did, faults: results.flatMap(({ faults }) => faults) };
}
