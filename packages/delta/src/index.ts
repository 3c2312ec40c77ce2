export { averageMax, averageMin, chooseAverage, indexedMinBytes, isAverage } from "./chunk-size.ts";
export { indexMaxBytes, parseChunkIndex, type Chunk, type ChunkIndex, type IndexedContent } from "./chunk-index.ts";
export { DeltaError, type DeltaErrorCode, type DeltaErrorDetails } from "./errors.ts";
export { createIndexMaker, type IndexMaker, type IndexMakerOptions } from "./index-maker.ts";
export { verifyChunk, verifyingChunks } from "./verifying-chunks.ts";
