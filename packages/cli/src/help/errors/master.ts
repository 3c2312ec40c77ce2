import type { MasterErrorCode } from "@dtuf/master";
import { noRisk, type ErrorEntries } from "./entry.ts";
import { teamErrors } from "./team.ts";

const unpublished = "Nothing was published.";

export const masterErrors: ErrorEntries<MasterErrorCode> = {
  ...teamErrors,
  MASTER_KEYS_MISSING: {
    cause: "A private key that must sign is not on this machine.",
    risk: `If it was not moved on purpose, look for who has it. ${unpublished}`,
    mend: "Copy the key's file back from where it is. New repository: `dtuf init <repo>`. Lost: make a new one, then `dtuf reset-keys <repo>`. If several people sign: `dtuf add-key`, `dtuf remove-key` and `dtuf propose <repo>`.",
  },
  MASTER_KEY_INVALID: {
    cause: "A key's file is not a PEM or age file that can be read, or of a kind that cannot sign.",
    risk: unpublished,
    mend: "Put back the file from a backup, or make a new key and `dtuf reset-keys <repo>`.",
  },
  MASTER_KEY_EXISTS: {
    cause: "The role has this key already, perhaps under another id.",
    risk: "None: a key counts once, so adding it again would not make anything safer.",
    mend: "`dtuf list-keys <repo>` lists the keys of each role.",
  },
  MASTER_BINS_EXIST: {
    cause:
      "The role delegates to hash bins already, or to other roles: in TUF one file has either a list of roles or bins (TAP 15).",
    risk: noRisk,
    mend: "Another number of bins: `dtuf resize-bins <repo> --count <count>`. Beside other roles: bins inside one of them, `dtuf create-bins <repo> --count <count> --from <role>`.",
  },
  MASTER_BINS_MISSING: {
    cause: "The role does not delegate to hash bins, so that there is nothing to resize.",
    risk: noRisk,
    mend: "`dtuf create-bins <repo> --count 16384`.",
  },
  MASTER_BINS_UNSUPPORTED: {
    cause: "What was asked for cannot be done with hash bins; the message says what.",
    risk: noRisk,
    mend: "Push the targets of the earlier release again, under the names that they had.",
  },
  MASTER_KEY_UNKNOWN: {
    cause: "The role has no such key, or the name fits several of its keys.",
    risk: noRisk,
    mend: "`dtuf list-keys <repo>` lists the keys; give more digits of the id.",
  },
  MASTER_LAST_KEY: {
    cause: "The key is the only one of its role, which nobody could sign without it.",
    risk: noRisk,
    mend: "Add another one first: `dtuf add-key <repo> <role> <key.pub>`.",
  },
  MASTER_THRESHOLD_TOO_HIGH: {
    cause: "A role would have fewer keys than must sign it.",
    risk: "Nobody could sign the role any more. Nothing was changed.",
    mend: "`dtuf add-key <repo> <role> <key.pub>` first, or lower the number: `dtuf set-threshold <repo> <role> <count>`.",
  },
  MASTER_SIGNATURES_MISSING: {
    cause: "Staged metadata needs signatures of keys that are not on this machine; the message names their holders.",
    risk: "None: what is staged is kept, and nothing was published.",
    mend: "Run the command again where those keys are, or name them with `--signer`; `dtuf list-keys <repo>` says where each is.",
  },
  MASTER_PASSPHRASE_WRONG: {
    cause: "The passphrase does not open the key's file.",
    risk: unpublished,
    mend: "Type it again, or set the variable that the hint names.",
  },
  MASTER_PASSPHRASE_MISSING: {
    cause: "The key's file has a passphrase, none was given, and nobody can be asked.",
    risk: unpublished,
    mend: "Set DTUF_ROOT_KEY_PASSWORD, DTUF_TARGETS_KEY_PASSWORD, DTUF_SNAPSHOT_KEY_PASSWORD or DTUF_TIMESTAMP_KEY_PASSWORD, or run it on a terminal.",
  },
  MASTER_METADATA_MISSING: {
    cause: "This machine has no metadata of the repository.",
    risk: noRisk,
    mend: "Made in another directory: run the command there, or name that directory's `dtuf_repos` with `DTUF_REPOSITORIES_ROOT`. Published from another machine: `dtuf adopt-metadata <repo> root.json`. New: `dtuf init <repo>`.",
  },
  MASTER_METADATA_EXISTS: {
    cause: "This machine has metadata of the repository already, and making it again would replace it.",
    risk: "None: it is as it was.",
    mend: "`dtuf status <repo>` shows it. Another repository of the same name: another `--repositories-root`.",
  },
  MASTER_PLACE_DIFFERS: {
    cause: "The state belongs to another registry or repository than the one named.",
    risk: "Publishing there by mistake is what this stops. Nothing was published.",
    mend: "Name the right registry. If the repository moved: `dtuf sync --tuf root.json OLD NEW`, then `dtuf adopt-metadata <repo> --move`.",
  },
  MASTER_STATE_INVALID: {
    cause: "A file of the publisher's state cannot be read, or was changed by something else.",
    risk: "A damaged disk, or somebody with access to this machine. Nothing was signed.",
    mend: "Restore the state's directory from a backup, or take it from what is published: `dtuf adopt-metadata <repo> root.json`.",
  },
  MASTER_TARGET_UNKNOWN: {
    cause: "No target of this name is signed or staged here; of `unstage-target`: staged.",
    risk: noRisk,
    mend: "`dtuf list-master-targets <repo>` lists the names, `dtuf status <repo>` what is staged.",
  },
  MASTER_TARGET_RESERVED: {
    cause: "A name cannot be a target's: it would collide with what the format keeps for itself.",
    risk: noRisk,
    mend: "Take another name.",
  },
  MASTER_CUSTOM_RESERVED: {
    cause: "Custom metadata has the key `dtuf`, which the program keeps for itself.",
    risk: noRisk,
    mend: "Take another key for `--custom`.",
  },
  MASTER_PART_INVALID: {
    cause: "A part of a target is no ordinary file, so it cannot be read twice.",
    risk: noRisk,
    mend: "Write it to a file first, and name that.",
  },
  MASTER_PUBLISHER_RACE: {
    cause: "Other publishers were first in every try, or one changed the root meanwhile.",
    risk: "None: what they published is not overwritten, and what is staged here stays staged.",
    mend: "Run `dtuf push-metadata <repo>` again; after a change of the root `dtuf reset-keys <repo>` first.",
  },
  MASTER_BASE_EXPIRED: {
    cause: "The published release has expired, and nothing here shows that it is the newest.",
    risk: "A registry that shows an old release could have it signed again. Nothing was signed.",
    mend: "If `dtuf status <repo>` on the machine that pushed last names the same: `dtuf refresh-metadata <repo>` there. Or `--expect-snapshot VERSION`; to review or sign, `--expect-hash HASH`.",
  },
  MASTER_BASE_UNEXPECTED: {
    cause: "The published snapshot is another one than `--expect-snapshot` or this machine's record names.",
    risk: "Another publisher, or a registry that shows something else than was pushed. Nothing was signed.",
    mend: "Ask the other publishers; then `--expect-snapshot VERSION`, or `dtuf push-metadata <repo> --base recorded`.",
  },
  MASTER_CHAIN_DIFFERS: {
    cause: "What is published belongs to another chain of roots than the one pinned here.",
    risk: "Another repository of the same name, or a registry that was taken over. Nothing was published.",
    mend: "Ask the other publishers. To take theirs: `dtuf adopt-metadata <repo> root.json` in another `--repositories-root`; to replace it: `dtuf push-metadata <repo> --replace-repository`.",
  },
  MASTER_ROLE_EXPIRED: {
    cause: "A role would be expired in the new release, so no client would take it.",
    risk: unpublished,
    mend: "Renew it first: root `dtuf reset-keys <repo>`, targets and snapshot `dtuf push-metadata <repo>`, a delegated role `dtuf update-role`.",
  },
  MASTER_CLOCK_SUSPECT: {
    cause: "This machine's clock is earlier than an instant that has passed already.",
    risk: "Signatures would end too early, or expired metadata look valid. Nothing was signed.",
    mend: "Set the clock. If it is right and was ahead before: `--trust-clock`.",
  },
  MASTER_CHANGES_STAGED: {
    cause: "Targets are staged, so an earlier release cannot be staged beside them.",
    risk: "None: what is staged is as it was.",
    mend: "`dtuf push-metadata <repo>` publishes it, or `dtuf unstage-target <repo>` drops it; then run the command again.",
  },
  MASTER_RELEASE_UNKNOWN: {
    cause: "The registry has no release of that number.",
    risk: noRisk,
    mend: "`dtuf list-aliases <repo>` lists the releases that are kept, as release.NUMBER; `dtuf prune` deletes old ones.",
  },
  MASTER_RELEASE_UNTRUSTED: {
    cause: "An earlier release is not signed by the keys of the newest root, or is another one than was asked for.",
    risk: "Its key may have been removed because it was stolen, or the registry shows something else. Nothing was signed.",
    mend: "Publish the files themselves again: `dtuf publish <repo> FILE`.",
  },
  MASTER_RECORD_DUE: {
    cause: "The record of a push has ended: the pusher gave leave to renew only until then.",
    risk: "None yet: clients are served until what is published expires.",
    mend: "Where targets are pushed: `dtuf push-metadata <repo> --record-out FILE`; hand it over by another way than the registry.",
  },
  MASTER_RECORD_MISMATCH: {
    cause: "The registry shows something else than the record names, or the record is older than one used before.",
    risk: "A registry that shows an old release to have it renewed looks like this. Nothing was signed.",
    mend: "Take over the pusher's newest record; if this is the newest, ask the pusher what is published.",
  },
  MASTER_VERSION_IMPLAUSIBLE: {
    cause: "A published version is so much higher than the known one that signing above it could use up the numbers.",
    risk: "Somebody with a stolen key can do this to end all updates. Nothing was signed.",
    mend: "Key stolen: `dtuf create-metadata-keys`, `dtuf reset-keys`, then `dtuf push-metadata <repo> --base recorded`. Otherwise `--expect-snapshot VERSION`.",
  },
  MASTER_OLD_ROOT_KEY_MISSING: {
    cause: "The root keys that the current root names are missing, so clients could not follow a new one.",
    risk: "If the key is lost, every client must pin again. Nothing was signed.",
    mend: "Put the old key's file back into keys/previous. If several people sign: `dtuf add-key`, `dtuf remove-key` and `dtuf propose <repo>`. If fewer keys are left than must sign: `dtuf reset-keys <repo> --replace`.",
  },
  MASTER_ROLE_UNKNOWN: {
    cause: "No role of this name is delegated to or staged here.",
    risk: noRisk,
    mend: "`dtuf get-master-expirations <repo>` lists the roles; `dtuf delegate-role` adds one.",
  },
  MASTER_METADATA_UNAVAILABLE: {
    cause:
      "The registry does not have metadata that the signed snapshot names, or does not show a release that a prune must keep.",
    risk: "Content that was deleted, or a list that is behind: clients may fail on it too. Nothing was published or deleted.",
    mend: "`dtuf push-metadata <repo> --base recorded` sends it again from this machine's record; a prune can be repeated later.",
  },
};
