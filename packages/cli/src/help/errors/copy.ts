import type { CopyErrorCode } from "@dtuf/copy";
import { noRisk, unaccepted, type ErrorEntries } from "./entry.ts";

export const copyErrors: ErrorEntries<CopyErrorCode> = {
  COPY_NOT_PINNED: {
    cause: "This machine trusts no root of the repository yet.",
    risk: "None: without a root nothing can be verified, so nothing is taken.",
    mend: "Get root.json from the publisher by another way than the registry: `dtuf pull <repo> --root root.json`.",
  },
  COPY_NOT_PUBLISHED: {
    cause: "The source answers that no repository is published under this name.",
    risk: "A wrong name or registry, or one that hides it. What is cached is as it was.",
    mend: "Check the name and the registry; a publisher: `dtuf push-metadata <repo>`.",
  },
  COPY_METADATA_MISSING: {
    cause: "Signed metadata names a file that no source has.",
    risk: `A release that was deleted, a mirror that is behind, or withheld content. ${unaccepted}`,
    mend: "Run the command again, or use another source with `--mirror`. The publisher: `dtuf push-metadata <repo>`.",
  },
  COPY_TARGET_UNKNOWN: {
    cause: "No role signed a target of this name.",
    risk: noRisk,
    mend: "`dtuf list-copy-targets <repo>` lists the names; `dtuf explain <repo> <target>` says which roles were asked.",
  },
  COPY_TARGET_DIFFERS: {
    cause: "The files that were compared are not the target's.",
    risk: "The local files were changed, or are of another version. They are as they were.",
    mend: "`dtuf pull-target <repo> <target> --output FILE` writes what was signed.",
  },
  COPY_BLOB_MISSING: {
    cause: "A target is signed, and no source has its bytes.",
    risk: "Content that was deleted or is withheld: nothing wrong was written.",
    mend: "Use another source with `--mirror`. The publisher: `dtuf push-target <repo> <target> <file>` sends it again.",
  },
  COPY_PIN_OLDER: {
    cause: "The root given is an older one of the chain that is pinned.",
    risk: "Going back would trust keys that were replaced. The pin is as it was.",
    mend: "Nothing is to do: the newer root stays pinned. Ship the newest one: `dtuf get-root <repo>`.",
  },
  COPY_PIN_OTHER_CHAIN: {
    cause: "The root given does not follow from the pinned one.",
    risk: "A root of somebody else would replace all trust. The pin is as it was.",
    mend: "If roots are missing in between: the chain of `dtuf get-root <repo> --all`. If another chain is meant: compare the fingerprints, then `dtuf pin <repo> root.json --replace`.",
  },
  COPY_OFFLINE_NOTHING_CACHED: {
    cause: "The command may open no connection, and what it needs is not on this machine.",
    risk: noRisk,
    mend: "Run it once without `--offline`.",
  },
  COPY_CLOCK_SUSPECT: {
    cause: "This machine's clock is earlier than an instant that has passed already.",
    risk: "With a clock that is set back, expired metadata would look valid. Nothing was accepted.",
    mend: "Set the clock. If it is right and was ahead before: `dtuf pull-metadata <repo> root.json --replace`.",
  },
  COPY_STATE_FOREIGN: {
    cause: "The state's directory was written by a later version, or is not a state.",
    risk: "A wrong directory, or one that was changed. It was not read further.",
    mend: "Use the newer version, or another directory with `--repositories-root` and pin there again.",
  },
  COPY_STATE_NOT_KEPT: {
    cause: "The state cannot be written, and `--require-state` asks for it.",
    risk: "Without it the next run would accept an older release. Nothing was pulled.",
    mend: "Make the directory writable for this user, or name another one with `--repositories-root`.",
  },
  COPY_NO_SPACE: {
    cause: "The destination has less free space than the target needs.",
    risk: "None: the old file is as it was, and nothing was begun.",
    mend: "Free some space, or name another destination with `--output`.",
  },
  COPY_STATUS: {
    cause: "A plain repository's server answered with a status that means neither success nor not found.",
    risk: "A server's fault, or one who blocks. What is cached is as it was.",
    mend: "Run the command again later. If an object store answers 403 for what is not there: `--absent-root-status 403`.",
  },
  COPY_WEB_PAGE: {
    cause:
      "A server sent a web page instead of a file: a sign-in page of a network, or an app that answers every address.",
    risk: "None: the page was not taken for metadata.",
    mend: "Sign in to the network in a browser and run the command again.",
  },
  COPY_TOO_SLOW: {
    cause: "A source took longer for its metadata than is allowed.",
    risk: `Sending slowly without end is a known attack; a bad line does the same. ${unaccepted}`,
    mend: "Run the command again, or use another source with `--mirror`.",
  },
  COPY_SOURCE_INVALID: {
    cause: "The map file is malformed, or the repositories that it names do not agree on the target.",
    risk: "One of the repositories may be taken over: that is what the map protects from. Nothing was written.",
    mend: "docs/map-file.md has the form; ask the publishers of the repositories that the message names.",
  },
};
