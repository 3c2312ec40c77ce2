/** Of local files, and of how things are written in a registry. */
import type { FormatErrorCode } from "@dtuf/format";
import type { FileErrorCode } from "@dtuf/registry/files";
import { noRisk, type ErrorEntries } from "./entry.ts";

export const fileErrors: ErrorEntries<FileErrorCode> = {
  FILE_LOCKED: {
    cause: "Another process works on the same state and did not end in time.",
    risk: "None: the lock is what keeps two processes from spoiling the state.",
    mend: "Wait for it and run the command again. The lock ends with its process, even if that is killed.",
  },
  FILE_NO_SPACE: {
    cause: "The disk, or a quota on it, is full.",
    risk: "None: the old file is as it was, and what was received stays for the next run.",
    mend: "Free some space and run the command again: it goes on where it was.",
  },
  FILE_READ_ONLY: {
    cause: "A file or directory cannot be written: its permissions, or a file system that is read-only.",
    risk: "On a client, state that is not kept means no protection from an older release on the next run.",
    mend: "Make it writable for this user, or name another directory (`--output`, `--repositories-root`).",
  },
  FILE_CHANGED: {
    cause: "A file changed while it was read, so that its parts belong to different contents.",
    risk: "A mixture would have been published. It was not.",
    mend: "Let the program that writes the file end, then run the command again.",
  },
  FILE_IO: {
    cause: "A system call on a local file failed; the message has its name.",
    risk: "A failing disk is possible. Nothing half-written has a final name.",
    mend: "Mend what the message names (missing file, permission, disk) and run the command again.",
  },
  FILE_NOT_REGULAR: {
    cause: "A file is a link, a directory, a device or a pipe where an ordinary file is needed.",
    risk: "A link that somebody else planted could lead elsewhere, so it is not followed. Nothing was written.",
    mend: "Look at it with `ls -l`; remove it, or name an ordinary file.",
  },
  FILE_TOO_LARGE: {
    cause: "A local file is larger than such a file ever is.",
    risk: "A wrong file, or a state that somebody else changed. It was not read.",
    mend: "Name the right file.",
  },
};

export const formatErrors: ErrorEntries<FormatErrorCode> = {
  FORMAT_NOT_A_REPOSITORY: {
    cause: "The tag `latest` names something else than a TUF repository: an image, or a layout of a later version.",
    risk: "A wrong name, another program that pushed there, or tampering. Nothing of it was used.",
    mend: "Check the name with `dtuf get-manifest <repo> latest`. A publisher: push to a repository of its own.",
  },
  FORMAT_TARGET_BLOBS_INVALID: {
    cause: "The signed list of a target's blobs is malformed, or does not add up to the target.",
    risk: "A faulty publisher's tool: the list is signed. Nothing was written.",
    mend: "The publisher: `dtuf push-target <repo> <target> <file>` again, then `dtuf push-metadata <repo>`.",
  },
  FORMAT_MANIFEST_TOO_LARGE: {
    cause: "A manifest would be larger than the 4 MiB that registries take.",
    risk: noRisk,
    mend: "Publish fewer or shorter names in one role: delegate some of the targets to other roles.",
  },
  FORMAT_PROPOSAL_INVALID: {
    cause: "A proposal in the registry is malformed.",
    risk: "A faulty tool, or tampering. Nothing of it was used.",
    mend: "Have it proposed again; tell the other signers.",
  },
  FORMAT_ROOT_CHAIN_INVALID: {
    cause: "A file that should hold a chain of roots (a JSON list of root files) does not.",
    risk: "A damaged or wrong file. Nothing of it was trusted.",
    mend: "Get it again from the publisher: `dtuf get-root <repo> --all --output chain.json`.",
  },
};
