/** What each error can mean for an update. The type makes the table complete. */
import type { CopyErrorCode } from "@dtuf/copy";
import type { OciErrorCode } from "@dtuf/registry";
import type { FileErrorCode } from "@dtuf/registry/files";
import type { TufErrorCode } from "@dtuf/tuf";
import { agentNatures, type AgentErrorCode, type ErrorNature } from "../errors.ts";

/** The codes of errors that an update can end with. */
export type ProblemCode = AgentErrorCode | CopyErrorCode | FileErrorCode | OciErrorCode | TufErrorCode;

export const natures: Readonly<Record<ProblemCode, ErrorNature>> = {
  ...agentNatures,

  COPY_NOT_PINNED: "final",
  COPY_NOT_PUBLISHED: "final",
  COPY_METADATA_MISSING: "retry",
  COPY_TARGET_UNKNOWN: "final",
  COPY_TARGET_DIFFERS: "damage",
  COPY_BLOB_MISSING: "retry",
  COPY_PIN_OLDER: "attack",
  COPY_PIN_OTHER_CHAIN: "attack",
  COPY_OFFLINE_NOTHING_CACHED: "final",
  COPY_CLOCK_SUSPECT: "retry",
  COPY_STATE_FOREIGN: "final",
  COPY_STATE_NOT_KEPT: "retry",
  COPY_NO_SPACE: "retry",
  COPY_STATUS: "retry",
  COPY_WEB_PAGE: "retry",
  COPY_TOO_SLOW: "retry",
  COPY_SOURCE_INVALID: "final",

  FILE_LOCKED: "retry",
  FILE_NO_SPACE: "retry",
  FILE_READ_ONLY: "final",
  FILE_TOO_LARGE: "attack",
  FILE_NOT_REGULAR: "attack",
  FILE_CHANGED: "damage",
  FILE_IO: "retry",

  OCI_REFERENCE_INVALID: "final",
  OCI_DIGEST_INVALID: "final",
  OCI_TAG_INVALID: "final",
  OCI_DESCRIPTOR_INVALID: "damage",
  OCI_MANIFEST_INVALID: "damage",
  OCI_DIGEST_MISMATCH: "damage",
  OCI_SIZE_MISMATCH: "damage",
  OCI_HASHING_FAILED: "retry",
  OCI_LIMIT_EXCEEDED: "attack",
  OCI_NOT_FOUND: "final",
  OCI_LAYOUT_INVALID: "damage",
  OCI_UNAUTHORIZED: "final",
  OCI_FORBIDDEN: "final",
  OCI_STATUS: "retry",
  OCI_RESPONSE_INVALID: "retry",
  OCI_UNAVAILABLE: "retry",
  OCI_REDIRECT_REFUSED: "attack",
  OCI_REALM_REFUSED: "attack",
  OCI_INSECURE_CREDENTIALS: "attack",
  OCI_CREDENTIALS_UNAVAILABLE: "final",
  OCI_UNSUPPORTED: "final",
  OCI_TAG_IMMUTABLE: "final",

  TUF_MALFORMED: "damage",
  TUF_LIMIT_EXCEEDED: "attack",
  TUF_TYPE_MISMATCH: "attack",
  TUF_SPEC_VERSION: "final",
  TUF_NAME_INVALID: "attack",
  TUF_KEY_INVALID: "attack",
  TUF_SIGNER_MISMATCH: "attack",
  TUF_THRESHOLD_NOT_MET: "attack",
  TUF_FAMILY_DROPPED: "attack",
  // Nobody renewed it yet, or somebody withholds what was renewed.
  TUF_EXPIRED: "damage",
  TUF_ROLLBACK: "damage",
  TUF_VERSION_MISMATCH: "damage",
  TUF_HASH_MISMATCH: "damage",
  TUF_LENGTH_MISMATCH: "damage",
  TUF_OUT_OF_ORDER: "final",
  TUF_ROLE_MISSING: "final",
  TUF_ROOT_KEYS_MISMATCH: "attack",
};
