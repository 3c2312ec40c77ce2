export { averageMax, averageMin, chooseAverage, indexedMinBytes, isAverage } from "./chunk-size.ts";
export { indexMaxBytes, parseChunkIndex, type Chunk, type ChunkIndex, type IndexedContent } from "./chunk-index.ts";
export { DeltaError, type DeltaErrorCode, type DeltaErrorDetails } from "./errors.ts";
export { freeBytes } from "./patch/free-bytes.ts";
export { createIndexMaker, type IndexMaker, type IndexMakerOptions } from "./index-maker.ts";
export { indexStream, type IndexStreamOptions } from "./index-stream.ts";
export { createGzip, findGzipHeader, openGzip, type Bytes } from "./patch/archive.ts";
export { headerMaxBytes, type ArchiveRecipe, type DeflateParameters } from "./patch/table/archive-recipe.ts";
export { decodeSegment, encodeSegment, encodeSegmentAlone, type CodedSegment } from "./patch/segment-codings.ts";
export {
  encodePatchTable,
  parsePatchTable,
  mostTableBytes,
  tableMaxBytes,
  type PatchTable,
  type Segment,
  type WantedPatch,
  type WrittenTable,
} from "./patch/table/patch-table.ts";
export { planAlone, planSegments, type PlannedSegment } from "./patch/plan-segments.ts";
export { verifyChunk, verifyingChunks } from "./verifying-chunks.ts";
