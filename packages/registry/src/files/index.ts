export {
  createAtomicFile,
  isTemporaryFile,
  sweepTemporaryFiles,
  writeFileAtomically,
  type AtomicFile,
  type AtomicFileOptions,
} from "./atomic-file.ts";
export { createDirectory, findChangeable, syncDirectory, verifyDirectories, type Changeable } from "./directory.ts";
export { fileCall, FileError, fileError, isErrno, type FileErrorCode } from "./errors.ts";
export { createBatchWriter, writeAt, type BatchWriter, type BatchWriterOptions } from "./batch-writer.ts";
export { readFileIdentity, verifyUnchanged, type FileIdentity } from "./file-content.ts";
export { readFrom } from "./file-stream.ts";
export { findNamedFile, type FindNamedFileOptions } from "./named-file.ts";
export {
  appendToFile,
  findFile,
  findFileSize,
  findRegularFile,
  openRegularFile,
  readRegularFile,
  verifyReplaceable,
  type FindFileOptions,
  type OpenedFile,
  type OpenFileOptions,
  type ReadFileOptions,
} from "./regular-file.ts";
export { spool } from "./spool.ts";
export { isFileName, isLinkThatOpenFollows, renameWithRetries, type RenameOptions } from "./platform.ts";
export { withLock, type LockOptions, type LockWait } from "./lock/lock.ts";
export { writeNewFile, writeVerifiedFile, type NewFileOptions } from "./verified-file.ts";
