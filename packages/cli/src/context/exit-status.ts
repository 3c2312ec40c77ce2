/** Every error code of the libraries with its exit status. The type makes the table complete; the statuses are stable. */
import type { AgentErrorCode } from "@dtuf/agent";
import type { CopyErrorCode } from "@dtuf/copy";
import type { DeltaErrorCode } from "@dtuf/delta";
import type { FormatErrorCode } from "@dtuf/format";
import type { MasterErrorCode } from "@dtuf/master";
import type { MirrorErrorCode } from "@dtuf/mirror";
import type { OciErrorCode } from "@dtuf/registry";
import type { FileErrorCode } from "@dtuf/registry/files";
import type { SignerErrorCode } from "@dtuf/signers";
import type { TufErrorCode } from "@dtuf/tuf";
import type { ExitStatus } from "./command.ts";
import type { UsageCode } from "./usage.ts";

export type ErrorCode =
  | AgentErrorCode
  | CopyErrorCode
  | DeltaErrorCode
  | FileErrorCode
  | FormatErrorCode
  | MasterErrorCode
  | MirrorErrorCode
  | OciErrorCode
  | SignerErrorCode
  | TufErrorCode
  | UsageCode;

const failure = 1;
const usage = 2;
const notFound = 3;
const unavailable = 5;
const refused = 6;
const expired = 7;
const local = 8;
const overtaken = 9;
const due = 10;
const unauthorised = 13;

const statuses: Readonly<Record<ErrorCode, ExitStatus>> = {
  USAGE: usage,
  AGENT_CONFIG_INVALID: usage,
  AGENT_COMMAND_INVALID: usage,
  AGENT_COMMAND_UNKNOWN: usage,
  AGENT_BUSY: usage,

  OCI_REFERENCE_INVALID: usage,
  OCI_DIGEST_INVALID: usage,
  OCI_TAG_INVALID: usage,
  OCI_DESCRIPTOR_INVALID: refused,
  OCI_MANIFEST_INVALID: refused,
  OCI_DIGEST_MISMATCH: refused,
  OCI_SIZE_MISMATCH: refused,
  OCI_HASHING_FAILED: failure,
  OCI_LIMIT_EXCEEDED: refused,
  OCI_NOT_FOUND: notFound,
  OCI_LAYOUT_INVALID: failure,
  OCI_UNAUTHORIZED: unauthorised,
  OCI_FORBIDDEN: unauthorised,
  OCI_STATUS: unavailable,
  OCI_RESPONSE_INVALID: unavailable,
  OCI_UNAVAILABLE: unavailable,
  OCI_REDIRECT_REFUSED: refused,
  OCI_REALM_REFUSED: refused,
  OCI_INSECURE_CREDENTIALS: usage,
  OCI_CREDENTIALS_UNAVAILABLE: unauthorised,
  OCI_UNSUPPORTED: failure,
  OCI_TAG_IMMUTABLE: failure,

  DELTA_INDEX_INVALID: refused,
  DELTA_INDEX_VERSION: refused,
  DELTA_CHUNK_DIFFERS: refused,
  DELTA_LENGTH_DIFFERS: refused,
  DELTA_PATCH_INVALID: refused,
  DELTA_PATCH_VERSION: refused,
  DELTA_SEGMENT_DIFFERS: refused,
  DELTA_ARCHIVE_DIFFERS: refused,

  FILE_LOCKED: local,
  FILE_NO_SPACE: local,
  FILE_READ_ONLY: local,
  FILE_IO: local,
  FILE_NOT_REGULAR: local,
  FILE_TOO_LARGE: local,
  FILE_CHANGED: refused,

  FORMAT_NOT_A_REPOSITORY: refused,
  FORMAT_TARGET_BLOBS_INVALID: refused,
  FORMAT_MANIFEST_TOO_LARGE: failure,
  FORMAT_ROOT_CHAIN_INVALID: refused,
  FORMAT_PROPOSAL_INVALID: refused,

  TUF_MALFORMED: refused,
  TUF_LIMIT_EXCEEDED: refused,
  TUF_TYPE_MISMATCH: refused,
  TUF_SPEC_VERSION: refused,
  TUF_NAME_INVALID: usage,
  TUF_KEY_INVALID: failure,
  TUF_SIGNER_MISMATCH: failure,
  TUF_THRESHOLD_NOT_MET: refused,
  TUF_FAMILY_DROPPED: refused,
  TUF_EXPIRED: expired,
  TUF_ROLLBACK: refused,
  TUF_VERSION_MISMATCH: refused,
  TUF_HASH_MISMATCH: refused,
  TUF_LENGTH_MISMATCH: refused,
  TUF_OUT_OF_ORDER: failure,
  TUF_ROLE_MISSING: refused,
  TUF_ROOT_KEYS_MISMATCH: refused,

  COPY_NOT_PINNED: usage,
  COPY_NOT_PUBLISHED: notFound,
  COPY_METADATA_MISSING: notFound,
  COPY_TARGET_UNKNOWN: notFound,
  COPY_TARGET_DIFFERS: refused,
  COPY_BLOB_MISSING: notFound,
  COPY_PIN_OLDER: refused,
  COPY_PIN_OTHER_CHAIN: refused,
  COPY_OFFLINE_NOTHING_CACHED: notFound,
  COPY_CLOCK_SUSPECT: failure,
  COPY_STATE_FOREIGN: failure,
  COPY_NO_SPACE: local,
  COPY_STATE_NOT_KEPT: local,
  COPY_STATUS: unavailable,
  COPY_WEB_PAGE: unavailable,
  COPY_TOO_SLOW: unavailable,
  COPY_SOURCE_INVALID: failure,

  AGENT_RELEASE_INVALID: usage,
  AGENT_RELEASE_AMBIGUOUS: usage,
  AGENT_RELEASE_UNKNOWN: notFound,
  AGENT_CHANNEL_UNKNOWN: notFound,
  AGENT_ROLLOUT_DOWN: usage,
  AGENT_STAGED_DIFFERS: refused,
  AGENT_NOT_PENDING: usage,
  AGENT_NO_PREDECESSOR: notFound,
  AGENT_UNHEALTHY: failure,
  AGENT_HELD: due,
  AGENT_WINDOW_INVALID: usage,
  AGENT_STALLED: unavailable,
  AGENT_ARCHIVE_INVALID: refused,
  AGENT_PLACE_UNSAFE: local,
  AGENT_UNSUPPORTED: failure,
  AGENT_STATE_FOREIGN: failure,

  MASTER_KEYS_MISSING: notFound,
  MASTER_KEY_INVALID: failure,
  MASTER_PASSPHRASE_WRONG: failure,
  MASTER_PASSPHRASE_MISSING: usage,
  MASTER_METADATA_MISSING: notFound,
  MASTER_METADATA_EXISTS: usage,
  MASTER_PLACE_DIFFERS: usage,
  MASTER_STATE_INVALID: failure,
  MASTER_TARGET_UNKNOWN: notFound,
  MASTER_TARGET_RESERVED: usage,
  MASTER_CUSTOM_RESERVED: usage,
  MASTER_PUBLISHER_RACE: overtaken,
  MASTER_BASE_EXPIRED: expired,
  MASTER_BASE_UNEXPECTED: refused,
  MASTER_CHAIN_DIFFERS: refused,
  MASTER_ROLE_EXPIRED: expired,
  MASTER_CLOCK_SUSPECT: failure,
  MASTER_RECORD_DUE: due,
  MASTER_RECORD_MISMATCH: refused,
  MASTER_VERSION_IMPLAUSIBLE: refused,
  MASTER_OLD_ROOT_KEY_MISSING: notFound,
  MASTER_ROLE_UNKNOWN: notFound,
  MASTER_BINS_EXIST: usage,
  MASTER_BINS_MISSING: usage,
  MASTER_BINS_UNSUPPORTED: usage,
  MASTER_KEY_EXISTS: usage,
  MASTER_KEY_UNKNOWN: notFound,
  MASTER_LAST_KEY: usage,
  MASTER_THRESHOLD_TOO_HIGH: usage,
  MASTER_SIGNATURES_MISSING: notFound,
  MASTER_CHANGES_STAGED: usage,
  MASTER_RELEASE_UNKNOWN: notFound,
  MASTER_RELEASE_UNTRUSTED: refused,
  MASTER_PROPOSAL_UNKNOWN: notFound,
  MASTER_PROPOSAL_INVALID: refused,
  MASTER_PROPOSAL_OUTDATED: overtaken,
  MASTER_PROPOSAL_REPLAYED: refused,
  MASTER_PROPOSAL_CHANGED: refused,
  MASTER_NOTHING_STAGED: usage,
  MASTER_PATH_NOT_DELEGATED: refused,
  MASTER_METADATA_UNAVAILABLE: notFound,
  MASTER_PART_INVALID: usage,

  SIGNER_URI_INVALID: usage,
  SIGNER_NOT_FOUND: notFound,
  SIGNER_UNAVAILABLE: unavailable,
  SIGNER_REFUSED: unauthorised,
  SIGNER_KEY_INVALID: failure,
  SIGNER_KEY_DIFFERS: refused,
  SIGNER_PASSPHRASE_WRONG: failure,
  SIGNER_PASSPHRASE_MISSING: usage,

  MIRROR_IMAGE_MISSING: notFound,
  MIRROR_CONTENT_MISSING: notFound,
  MIRROR_NOT_KEPT: refused,
  MIRROR_PLATFORM_MISSING: notFound,
  MIRROR_NOTHING_TO_SYNC: notFound,
  MIRROR_COLLISION: usage,
  MIRROR_PLACE_INVALID: usage,
  MIRROR_LIST_INVALID: usage,
  MIRROR_PATTERN_INVALID: usage,
  MIRROR_DIRECTORY_INVALID: refused,
  MIRROR_ARCHIVE_INVALID: refused,
  MIRROR_SIGNATURES: failure,
  MIRROR_UNSUPPORTED: failure,
  MIRROR_EXPIRES_EARLY: expired,
  MIRROR_DESTINATION_NEWER: refused,
};

export function exitStatusOf(code: string): ExitStatus {
  return Object.hasOwn(statuses, code) ? statuses[code as ErrorCode] : failure;
}

/** The codes of each status, sorted. */
export function listExitStatuses(): ReadonlyMap<number, readonly string[]> {
  return Map.groupBy(Object.keys(statuses).toSorted(), (code) => statuses[code as ErrorCode]);
}
