/** Whether contents that a program holds are a target's, blob by blob. */
import { createDigester, digestAlgorithm, openContent, type Content } from "@dtuf/registry";
import { CopyError } from "../errors.ts";
import type { TargetInfo, TargetPart } from "../sources/source.ts";

/** @throws CopyError COPY_TARGET_DIFFERS with wanted and got */
export async function checkContents(target: TargetInfo, contents: readonly Content[]): Promise<void> {
  const { blobs, path } = target;
  if (contents.length !== blobs.length) {
    throw differs(path, `it has ${blobs.length} blobs, ${contents.length} were given`, {
      wanted: blobs.length,
      got: contents.length,
    });
  }
  for (const [index, content] of contents.entries()) {
    const part = blobs[index];
    if (part !== undefined) await checkPart(path, part, { index, content });
  }
}

async function checkPart(
  path: string,
  part: TargetPart,
  { index, content }: { readonly index: number; readonly content: Content },
): Promise<void> {
  const digester = createDigester(digestAlgorithm(part.digest));
  for await (const chunk of openContent(content)) digester.update(chunk);
  const got = digester.digest();
  if (got === part.digest) return;
  throw differs(path, `blob ${index + 1}: wanted ${part.digest}, got ${got}`, { index, wanted: part.digest, got });
}

function differs(path: string, what: string, details: Readonly<Record<string, string | number>>): CopyError {
  return new CopyError("COPY_TARGET_DIFFERS", `${JSON.stringify(path)} differs: ${what}`, {
    details: { path, ...details },
  });
}
