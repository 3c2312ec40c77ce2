/** A target may list a part several times. A small one is fetched once and waits in memory; a large one is fetched each time. */
import { collect, type ByteStream, type Digest } from "@dtuf/registry";
import { partAheadMaxBytes, repeatedPartsMaxBytes } from "../limits.ts";
import type { PartStream, TargetPiece } from "../sources/source.ts";

type Fetch = () => Promise<PartStream | undefined>;

/** Opens a whole part: by `fetch`, or from memory if it was fetched before. */
export type OpenPart = (part: TargetPiece, fetch: Fetch) => Promise<PartStream | undefined>;

export function createRepeatedParts(parts: readonly TargetPiece[]): OpenPart {
  const repeated = findRepeated(parts);
  const fetched = new Map<Digest, Promise<Uint8Array | undefined>>();
  return async (part, fetch) => {
    if (!repeated.has(part.digest)) return fetch();
    const fetching = fetched.get(part.digest) ?? fetchBytes(part, fetch);
    fetched.set(part.digest, fetching);
    const bytes = await fetching;
    return bytes && { from: 0, stream: streamOf(bytes) };
  };
}

function findRepeated(parts: readonly TargetPiece[]): ReadonlySet<Digest> {
  const seen = new Set<Digest>();
  const repeated = new Set<Digest>();
  let held = 0;
  for (const { digest, size } of parts) {
    const isAgain = seen.has(digest) && !repeated.has(digest);
    seen.add(digest);
    if (!isAgain || size > partAheadMaxBytes || held + size > repeatedPartsMaxBytes) continue;
    repeated.add(digest);
    held += size;
  }
  return repeated;
}

async function fetchBytes({ size }: TargetPiece, fetch: Fetch): Promise<Uint8Array | undefined> {
  const found = await fetch();
  return found && collect(found.stream, size);
}

async function* streamOf(bytes: Uint8Array): ByteStream {
  yield bytes;
}
