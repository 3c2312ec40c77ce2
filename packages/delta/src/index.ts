export { averageMax, averageMin, chooseAverage, indexedMinBytes, isAverage } from "./chunk-size.ts";
export { indexMaxBytes, parseChunkIndex, type Chunk, type ChunkIndex, type IndexedContent } from "./chunk-index.ts";
export { DeltaError, type DeltaErrorCode, type DeltaErrorDetails } from "./errors.ts";
export { createIndexMaker, type IndexMaker, type IndexMakerOptions } from "./index-maker.ts";
export { indexStream, type IndexStreamOptions } from "./index-stream.ts";
export {
  createSegmentEncoder,
  decodeSegment,
  type CodedSegment,
  type SegmentEncoder,
} from "./patch/segment-codings.ts";
export {
  encodePatchTable,
  parsePatchTable,
  tableMaxBytes,
  type PatchTable,
  type Segment,
  type WantedPatch,
} from "./patch/patch-table.ts";
export { planSegments, type PlannedSegment } from "./patch/plan-segments.ts";
export { verifyChunk, verifyingChunks } from "./verifying-chunks.ts";
