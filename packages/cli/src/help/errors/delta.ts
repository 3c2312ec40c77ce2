import type { DeltaErrorCode } from "@dtuf/delta";
import { noRisk, type ErrorEntries } from "./entry.ts";

const older = "Older releases of the target, and other targets, are not affected.";

export const deltaErrors: ErrorEntries<DeltaErrorCode> = {
  DELTA_INDEX_INVALID: {
    cause: "The bytes under a signed digest are not a chunk index of the target.",
    risk: `The publisher's program made a wrong index. The target is verified by its own hash in any case. ${older}`,
    mend: "Publish the target again.",
  },
  DELTA_INDEX_VERSION: {
    cause: "A target's chunk index was made by a newer version of dtuf.",
    risk: noRisk,
    mend: "Nothing has to be done: the target is verified as a whole. A newer dtuf verifies it piece by piece.",
  },
  DELTA_CHUNK_DIFFERS: {
    cause: "A piece of a target that arrived is not the one that was signed.",
    risk: "A registry, a mirror or a proxy sent wrong bytes. They went no further; what was written before is right.",
    mend: "Run the command again, or pull from another place with `--mirror`.",
  },
  DELTA_LENGTH_DIFFERS: {
    cause: "A target that arrived ends early, or has more bytes than were signed.",
    risk: "A registry, a mirror or a proxy sent wrong bytes. They went no further; what was written before is right.",
    mend: "Run the command again, or pull from another place with `--mirror`.",
  },
  DELTA_PATCH_INVALID: {
    cause: "The bytes under a signed digest are not a patch between the two contents that the metadata names.",
    risk: `The publisher's program made a wrong patch. The target is verified by its own hash in any case. ${older}`,
    mend: "Nothing has to be done: the target is fetched in another way. Publish the target again.",
  },
  DELTA_PATCH_VERSION: {
    cause: "A target's patch was made by a newer version of dtuf.",
    risk: noRisk,
    mend: "Nothing has to be done: the target is fetched in another way. A newer dtuf uses the patch.",
  },
  DELTA_SEGMENT_DIFFERS: {
    cause: "A patch gave other bytes than the signed ones: it, or the older file, is not what it was.",
    risk: "A registry, a mirror or a proxy sent wrong bytes, or the older file changed meanwhile. Nothing wrong was written.",
    mend: "Nothing has to be done: the target is fetched in another way.",
  },
  DELTA_ARCHIVE_DIFFERS: {
    cause:
      "An archive was not made again as it was signed: this machine's zlib deflates in another way, or the older file changed.",
    risk: noRisk,
    mend: "Nothing has to be done: the target is fetched in another way.",
  },
};
