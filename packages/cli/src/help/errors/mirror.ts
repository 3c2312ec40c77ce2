import type { MirrorErrorCode } from "@dtuf/mirror";
import { noRisk, type ErrorEntries } from "./entry.ts";

export const mirrorErrors: ErrorEntries<MirrorErrorCode> = {
  MIRROR_IMAGE_MISSING: {
    cause: "The source answers that the image is not there.",
    risk: noRisk,
    mend: "Check the name: `dtuf list-aliases <repo>`. With several images, `--keep-going` copies the others.",
  },
  MIRROR_CONTENT_MISSING: {
    cause: "A manifest names content that the source does not have.",
    risk: "The image is damaged at the source. Its tag at the destination was not moved.",
    mend: "Push the image again at the source, or leave it out with `--exclude`.",
  },
  MIRROR_NOT_KEPT: {
    cause: "The destination accepted content, and does not have it when `--verify` reads it.",
    risk: "The image cannot be pulled from the destination, although it answered that it has it.",
    mend: "Run it again. If that does not help, the registry is broken: ask its owner.",
  },
  MIRROR_PLATFORM_MISSING: {
    cause: "The image has nothing for a platform that was asked for.",
    risk: noRisk,
    mend: "`dtuf get-manifest <repo> <alias>` shows the platforms; give another `--platform`, or `--all`.",
  },
  MIRROR_NOTHING_TO_SYNC: {
    cause: "The source has no image that matches what was asked for.",
    risk: "None: with `--delete` nothing was deleted either.",
    mend: "Check `--include`, `--exclude` and the list; `dtuf list-aliases <repo>` shows what is there.",
  },
  MIRROR_COLLISION: {
    cause: "Two images would be written to the same name at the destination.",
    risk: noRisk,
    mend: "Keep them apart with `--scoped`, `--map` or `--append-suffix`.",
  },
  MIRROR_PLACE_INVALID: {
    cause: "A source or destination is written wrongly, or its name cannot be used at the destination.",
    risk: noRisk,
    mend: "Write `docker://host/name[:tag]`, `dir:PATH`, `oci:PATH` or `oci-archive:FILE`.",
  },
  MIRROR_LIST_INVALID: {
    cause: "The YAML list of what to copy is malformed.",
    risk: noRisk,
    mend: "Mend the key that the message names; docs/from-skopeo-sync.md has the form.",
  },
  MIRROR_PATTERN_INVALID: {
    cause: "A regular expression, a version constraint or a platform is malformed.",
    risk: noRisk,
    mend: "Mend it as the message says; quote it for the shell.",
  },
  MIRROR_DIRECTORY_INVALID: {
    cause: "A directory is not an image as `skopeo copy dir:` writes it, or holds other files.",
    risk: "Files of somebody else would be mixed or lost. They are as they were.",
    mend: "Name the image's own directory; as a destination, an empty or a new one.",
  },
  MIRROR_ARCHIVE_INVALID: {
    cause: "A tar is not an OCI layout, has a link or a name that leads out of it, or is cut off.",
    risk: "Such names are a known attack on unpackers. Nothing was written outside; nothing of it is published.",
    mend: "Make the archive again: `dtuf export <repo> FILE`.",
  },
  MIRROR_SIGNATURES: {
    cause: "The image has simple signing signatures, which the destination cannot hold.",
    risk: "Copied without them, the image would lose its signatures. It was not copied.",
    mend: "If that is meant: `--remove-signatures`.",
  },
  MIRROR_UNSUPPORTED: {
    cause: "The source or the destination cannot do this, or the content is of a kind that cannot be copied unchanged.",
    risk: noRisk,
    mend: "The message says which: leave out the option, or convert the image at the source.",
  },
  MIRROR_EXPIRES_EARLY: {
    cause: "Something of the TUF repository expires within `--valid-days`.",
    risk: "A mirror of it would stop serving clients soon. It was not carried.",
    mend: "Have the publisher renew it (`dtuf status <repo>`), or give fewer `--valid-days`.",
  },
  MIRROR_DESTINATION_NEWER: {
    cause: "The destination has a newer release than the source.",
    risk: "A source that is behind or replays an old release would roll the mirror back. The destination is as it was.",
    mend: "Carry from a source that is up to date; run it again when the source has caught up.",
  },
};
