/** Compares contents that a program has with the blobs of a target. */
import { createDigester, digestAlgorithm, openContent, type ByteStream, type Content } from "@dtuf/registry";
import { createTargetVerifier, TufError, type TargetVerifier } from "@dtuf/tuf";
import { CopyError } from "../errors.ts";
import type { TargetInfo, TargetPiece } from "../sources/source.ts";

/**
 * Verifies every blob by its own digest, and all of them together by the target's length and hashes.
 * @throws CopyError COPY_TARGET_DIFFERS with the wanted and the actual value
 */
export async function checkContents(target: TargetInfo, contents: readonly Content[]): Promise<void> {
  const { blobs, path } = target;
  if (contents.length !== blobs.length) {
    throw differs(path, `it has ${blobs.length} blobs, ${contents.length} were given`, {
      wanted: blobs.length,
      got: contents.length,
    });
  }
  const verifier = createTargetVerifier(target.file);
  try {
    for (const [index, content] of contents.entries()) {
      const part = blobs[index];
      if (part !== undefined) await checkPart(path, part, { index, stream: hashed(openContent(content), verifier) });
    }
    verifier.finish();
  } catch (error) {
    if (!TufError.is(error)) throw error;
    throw differs(path, `each blob has its digest, but all of them together are not the target: ${error.message}`, {
      code: error.code,
    });
  }
}

async function* hashed(stream: ByteStream, verifier: TargetVerifier): ByteStream {
  for await (const chunk of stream) {
    verifier.update(chunk);
    yield chunk;
  }
}

async function checkPart(
  path: string,
  part: TargetPiece,
  { index, stream }: { readonly index: number; readonly stream: ByteStream },
): Promise<void> {
  const digester = createDigester(digestAlgorithm(part.digest));
  for await (const chunk of stream) digester.update(chunk);
  const got = digester.digest();
  if (got === part.digest) return;
  throw differs(path, `blob ${index + 1}: wanted ${part.digest}, got ${got}`, { index, wanted: part.digest, got });
}

function differs(path: string, what: string, details: Readonly<Record<string, string | number>>): CopyError {
  return new CopyError("COPY_TARGET_DIFFERS", `${JSON.stringify(path)} differs: ${what}`, {
    details: { path, ...details },
  });
}
