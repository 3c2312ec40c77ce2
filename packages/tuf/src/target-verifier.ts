import type { TargetFile } from "./file-info.ts";

export interface TargetVerifier {
  /** @throws TufError TUF_LENGTH_MISMATCH at the first byte too many */
  update(chunk: Uint8Array): void;
  /** @throws TufError TUF_LENGTH_MISMATCH, TUF_HASH_MISMATCH */
  finish(): void;
}

export function createTargetVerifier(_file: TargetFile): TargetVerifier {
  throw new Error("not yet");
}
