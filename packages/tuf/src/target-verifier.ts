/**
 * Verifies a target's bytes as they stream. A target is valid only after `finish` has returned; until then its bytes must not
 * leave the process. Every hash of a known algorithm must match.
 */
import { createHash, type Hash } from "node:crypto";
import { TufError } from "./errors.ts";
import type { TargetFile } from "./file-info.ts";
import { verifyHash, hashAlgorithms } from "./file-info.ts";

export interface TargetVerifier {
  /** @throws TufError TUF_LENGTH_MISMATCH at the first byte too many */
  update(chunk: Uint8Array): void;
  /** To be called once, at the end. @throws TufError TUF_LENGTH_MISMATCH, TUF_HASH_MISMATCH */
  finish(): void;
}

export interface TargetVerifierOptions {
  /** The caller verifies in another way that the bytes have every hash of the file. Only their length is verified here. */
  readonly hashesProven?: boolean | undefined;
  /** How many bytes of the target come before those that are given. Only if `hashesProven`. Default 0. */
  readonly received?: number | undefined;
}

/**
 * Verifies one target's bytes, given in order (TUF 1.0.34, 5.7.3).
 * @throws TypeError if the file has neither a sha256 nor a sha512 hash, or if bytes come before and nothing proves their hash
 */
export function createTargetVerifier(
  file: TargetFile,
  { hashesProven = false, received: before = 0 }: TargetVerifierOptions = {},
): TargetVerifier {
  if (before > 0 && !hashesProven) throw new TypeError("the bytes before were not hashed");
  const checks = hashesProven ? [] : hashChecks(file);
  let received = before;
  const mismatch = (got: string): TufError =>
    new TufError("TUF_LENGTH_MISMATCH", `target has ${got} bytes; wanted ${file.length}`, {
      details: { got: received, wanted: file.length },
    });
  return {
    update(chunk) {
      received += chunk.length;
      if (received > file.length) throw mismatch(`at least ${received}`);
      for (const { hash } of checks) hash.update(chunk);
    },
    finish() {
      if (received !== file.length) throw mismatch(String(received));
      for (const { hash, wanted } of checks) verifyHash(hash.digest(), wanted, "target");
    },
  };
}

function hashChecks(file: TargetFile): readonly { readonly hash: Hash; readonly wanted: string }[] {
  const checks = hashAlgorithms.flatMap((algorithm) => {
    const wanted = file.hashes.get(algorithm);
    return wanted === undefined ? [] : [{ hash: createHash(algorithm), wanted }];
  });
  if (checks.length === 0) throw new TypeError("a target file with neither sha256 nor sha512 cannot be verified");
  return checks;
}
