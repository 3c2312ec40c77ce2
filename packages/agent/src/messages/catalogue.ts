/** What a user is told, as data: a program gives its own table of the same codes to speak its user's language. */
import type { AgentEvent, RevertReason } from "../events.ts";
import type { PassedOverReason } from "../release/select-release.ts";
import type { HoldReason } from "../when/hold.ts";
import type { ProblemCode } from "./natures.ts";
import type { OtherCode } from "./problem.ts";

/** Codes of events: its kind, and what tells two of a kind apart. */
export type EventMessageCode =
  | Exclude<AgentEvent["kind"], "checked" | "differs" | "progress" | "reverted" | "healed" | "held" | "failed">
  | "checked.current"
  | "checked.update"
  | "differs.missing"
  | "differs.changed"
  | "progress.download"
  | "progress.install"
  | `reverted.${RevertReason}`
  | "reverted.unknown"
  | "healed.finished"
  | "healed.undone"
  | `held.${HoldReason}`;

/** Everything that an agent says. `passed-over.*`: why a newer release is not offered. */
export type MessageCode = EventMessageCode | `passed-over.${PassedOverReason}` | ProblemCode | OtherCode;

/** A text for each code. `{name}` is the place of a parameter. */
export type MessageCatalogue = Readonly<Record<MessageCode, string>>;

const damaged = "What the update server sent is damaged or was tampered with. Nothing of it was used.";
const refused = "The update server's information is not trusted. Nothing of it was used.";
const broken = "The update server does not answer as it should.";
const setUp = "Updates are not set up correctly on this computer.";

const problems: Readonly<Record<ProblemCode | OtherCode, string>> = {
  ABORTED: "The update was cancelled.",
  TIMED_OUT: "The update takes too long. It continues where it stopped.",
  UNKNOWN: "The update failed.",

  AGENT_RELEASE_INVALID: "A published version has an invalid description.",
  AGENT_RELEASE_AMBIGUOUS: "Version {version} is published twice. Neither is installed.",
  AGENT_RELEASE_UNKNOWN: "No version of {name} is published.",
  AGENT_CHANNEL_UNKNOWN: "No version of {name} is published in the channel {channel}.",
  AGENT_ROLLOUT_DOWN: "Version {version} already reaches more computers.",
  AGENT_STAGED_DIFFERS: "The downloaded update was changed on this computer. It was not installed.",
  AGENT_NOT_PENDING: "There is no update to install or to confirm.",
  AGENT_NO_PREDECESSOR: "There is no earlier version to go back to.",
  AGENT_UNHEALTHY: "Version {version} does not work here.",
  AGENT_HELD: "The update to version {version} waits.",
  AGENT_WINDOW_INVALID: setUp,
  AGENT_STALLED: "The download stopped. It continues where it stopped.",
  AGENT_ARCHIVE_INVALID: "The update is not a safe archive. It was not installed.",
  AGENT_PLACE_UNSAFE: "Other users of this computer may change a directory of the update: {path}",
  AGENT_UNSUPPORTED: "This update needs a newer program to unpack it.",
  AGENT_STATE_FOREIGN: "The record of installed versions cannot be read: {path}",

  COPY_NOT_PINNED: setUp,
  COPY_NOT_PUBLISHED: "Nothing is published on the update server.",
  COPY_METADATA_MISSING: broken,
  COPY_TARGET_UNKNOWN: "The update is no longer published.",
  COPY_TARGET_DIFFERS: damaged,
  COPY_BLOB_MISSING: "The update is announced, but the update server does not have it.",
  COPY_PIN_OLDER: setUp,
  COPY_PIN_OTHER_CHAIN: refused,
  COPY_OFFLINE_NOTHING_CACHED: "The update server was not asked yet.",
  COPY_CLOCK_SUSPECT: "The clock of this computer is wrong. Set it and try again.",
  COPY_STATE_FOREIGN: setUp,
  COPY_STATE_NOT_KEPT: "What the update server said cannot be saved on this computer.",
  COPY_NO_SPACE: "There is not enough free space for the update.",
  COPY_STATUS: broken,
  COPY_WEB_PAGE: "The network shows a web page instead of the update. You may have to sign in to it.",
  COPY_TOO_SLOW: "The update server answers too slowly.",
  COPY_SOURCE_INVALID: setUp,

  FILE_LOCKED: "Another program is updating at the moment.",
  FILE_NO_SPACE: "There is not enough free space for the update.",
  FILE_READ_ONLY: "The update may not be written: {path}",
  FILE_TOO_LARGE: "A file is larger than it can be: {path}",
  FILE_NOT_REGULAR: "A link or a device lies where a file should be: {path}",
  FILE_CHANGED: "A file changed while it was read: {path}",
  FILE_IO: "A file cannot be read or written: {path}",

  OCI_REFERENCE_INVALID: setUp,
  OCI_DIGEST_INVALID: setUp,
  OCI_TAG_INVALID: setUp,
  OCI_DESCRIPTOR_INVALID: damaged,
  OCI_MANIFEST_INVALID: damaged,
  OCI_DIGEST_MISMATCH: damaged,
  OCI_SIZE_MISMATCH: damaged,
  OCI_HASHING_FAILED: "The update could not be verified. Nothing of it was used.",
  OCI_LIMIT_EXCEEDED: damaged,
  OCI_NOT_FOUND: "The update server does not have what was asked for.",
  OCI_LAYOUT_INVALID: damaged,
  OCI_UNAUTHORIZED: "The update server asks for a password.",
  OCI_FORBIDDEN: "The update server does not allow it.",
  OCI_STATUS: broken,
  OCI_RESPONSE_INVALID: broken,
  OCI_UNAVAILABLE: "The update server cannot be reached.",
  OCI_REDIRECT_REFUSED: refused,
  OCI_REALM_REFUSED: refused,
  OCI_INSECURE_CREDENTIALS: "The update server asks for a password over a connection that is not protected.",
  OCI_CREDENTIALS_UNAVAILABLE: "The password of the update server cannot be read.",
  OCI_UNSUPPORTED: broken,
  OCI_TAG_IMMUTABLE: broken,

  TUF_MALFORMED: damaged,
  TUF_LIMIT_EXCEEDED: refused,
  TUF_TYPE_MISMATCH: refused,
  TUF_SPEC_VERSION: "This program is too old for its update server.",
  TUF_NAME_INVALID: refused,
  TUF_KEY_INVALID: refused,
  TUF_SIGNER_MISMATCH: refused,
  TUF_THRESHOLD_NOT_MET: refused,
  TUF_FAMILY_DROPPED: refused,
  TUF_EXPIRED: "The update server's information is out of date. Check the clock of this computer.",
  TUF_ROLLBACK: refused,
  TUF_VERSION_MISMATCH: damaged,
  TUF_HASH_MISMATCH: damaged,
  TUF_LENGTH_MISMATCH: damaged,
  TUF_OUT_OF_ORDER: setUp,
  TUF_ROLE_MISSING: refused,
  TUF_ROOT_KEYS_MISMATCH: refused,
};

const events: Readonly<Record<EventMessageCode, string>> = {
  "checked.current": "No newer version is available.",
  "checked.update": "Version {version} is available.",
  "differs.missing": "Version {version} is not at its place any more: {path}",
  "differs.changed": "Version {version} was changed: {path}. If you remove it, the next update installs it again.",
  "release-skipped": "A published version has an invalid description: {path}",
  "progress.download": "Version {version}: {bytes} of {totalBytes} bytes are downloaded.",
  "progress.install": "Version {version}: {bytes} of {totalBytes} bytes are installed.",
  "lock-awaited": "Waiting for another program that is updating.",
  staged: "Version {version} is downloaded.",
  applied: "Version {version} is installed.",
  confirmed: "Version {version} works.",
  abandoned: "Version {version} does not work here, and there is nothing before it to go back to.",
  "reverted.asked": "Version {to} is installed again.",
  "reverted.health": "Version {version} does not work here. Version {to} is installed again.",
  "reverted.starts": "Version {version} did not start properly. Version {to} is installed again.",
  "reverted.unknown": "Version {version} was taken back. The program that was there before it is installed again.",
  "healed.finished": "The interrupted installation of version {version} is complete.",
  "healed.undone": "The interrupted installation of version {version} was undone.",
  "held.opted-out": "Updates are switched off.",
  "held.postponed": "The update waits until {until}.",
  "held.window": "Version {version} is installed at {until}.",
  "held.metered": "The download waits for a network without a charge.",
  "held.battery": "Version {version} is installed when the computer has power.",
  "held.program": "The update waits.",
  waiting: "The next check is at {until}.",
};

const passedOver: Readonly<Record<`passed-over.${PassedOverReason}`, string>> = {
  "passed-over.revoked": "Version {version} was withdrawn.",
  "passed-over.minimum": "Version {version} needs a newer version before it.",
  "passed-over.rollout": "Version {version} has not reached this computer yet.",
  "passed-over.skipped": "Version {version} is skipped.",
  "passed-over.reverted": "Version {version} did not stay on this computer before.",
  "passed-over.cooldown": "Version {version} is new and waits until {until}.",
};

/** The English texts. */
export const englishMessages: MessageCatalogue = Object.freeze({ ...problems, ...events, ...passedOver });
