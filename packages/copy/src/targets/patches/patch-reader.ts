/** The bytes of a patch, by closed ranges. */
import { parsePatchTable, type IndexedContent, type PatchTable, type Segment } from "@dtuf/delta";
import type { TargetPatch } from "@dtuf/format";
import { OciError, verifyBytes, withOwnMemory, type ByteStream } from "@dtuf/registry";
import type { Site, TargetInfo } from "../../sources/source.ts";

export interface Reader {
  /** @throws OciError OCI_SIZE_MISMATCH if the stream ends before */
  take(length: number): Promise<Uint8Array>;
}

export interface WantedPatch {
  readonly target: TargetInfo;
  readonly patch: TargetPatch;
  /** What the patch makes. */
  readonly to: IndexedContent;
  readonly signal: AbortSignal;
}

export interface OpenedPatch {
  readonly table: PatchTable;
  /** Goes on behind the table; undefined if the table alone was fetched. */
  readonly reader: Reader | undefined;
}

/** @param fetch "table" if some segments are there, else "all" in one request @throws DeltaError; OciError */
export async function openPatch(site: Site, wanted: WantedPatch, fetch: "table" | "all"): Promise<OpenedPatch> {
  const { patch, to } = wanted;
  const { blob, table } = patch;
  const reader = await openReader(site, wanted, { from: 0, to: fetch === "all" ? blob.size : table.size });
  const bytes = verifyBytes(await reader.take(table.size), table);
  const parsed = parsePatchTable(bytes, { length: to.length, size: blob.size });
  return { table: parsed, reader: fetch === "all" ? reader : undefined };
}

/** Begins at the first of the segments. @throws OciError */
export async function openSegments(site: Site, wanted: WantedPatch, segments: readonly Segment[]): Promise<Reader> {
  const [first] = segments;
  if (first === undefined) return createReader(nothing());
  return openReader(site, wanted, { from: first.codedOffset, to: wanted.patch.blob.size });
}

async function* nothing(): ByteStream {}

async function openReader(
  site: Site,
  { target, patch, signal }: WantedPatch,
  range: { readonly from: number; readonly to: number },
): Promise<Reader> {
  const isAll = range.to - range.from === patch.blob.size;
  // A site that sends the whole patch instead is as good if that is what was requested.
  const onWhole = isAll ? { onWhole: (): void => undefined } : {};
  const stream = await site.openRange?.({ ...target, blobs: [patch.blob] }, range, { signal, ...onWhole });
  if (stream === undefined) throw new OciError("OCI_UNSUPPORTED", "the registry does not send this range of the patch");
  return createReader(stream);
}

function createReader(stream: ByteStream): Reader {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  return {
    async take(length) {
      const bytes = Buffer.alloc(length);
      for (let filled = 0; filled < length;) {
        if (rest.length === 0) {
          const { done, value } = await chunks.next();
          if (done === true) throw new OciError("OCI_SIZE_MISMATCH", "the patch ended early");
          rest = value;
        }
        const piece = rest.subarray(0, length - filled);
        bytes.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
      return withOwnMemory(bytes);
    },
  };
}
