export {
  createAtomicFile,
  isTemporaryFile,
  sweepTemporaryFiles,
  writeFileAtomically,
  type AtomicFile,
  type AtomicFileOptions,
} from "./atomic-file.ts";
export { createDirectory, syncDirectory } from "./directory.ts";
export { FileError, fileError, isErrno, type FileErrorCode } from "./errors.ts";
export { findFile } from "./find-file.ts";
export { withLock, type LockOptions } from "./lock.ts";
export { renameWithRetries, type RenameOptions } from "./rename.ts";
export { writeVerifiedFile } from "./verified-file.ts";
