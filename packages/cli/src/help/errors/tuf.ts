import type { TufErrorCode } from "@dtuf/tuf";
import { noRisk, unaccepted, type ErrorEntries } from "./entry.ts";

const tampering = `A faulty publisher's tool, or tampering. ${unaccepted}`;
const elsewhere =
  "Run the command again; if it stays, use another source with `--mirror`, keep this machine's state, and tell the publisher.";

export const tufErrors: ErrorEntries<TufErrorCode> = {
  TUF_MALFORMED: {
    cause: "A metadata file is not what TUF has: no JSON, a field missing or of the wrong type, a key twice.",
    risk: tampering,
    mend: elsewhere,
  },
  TUF_LIMIT_EXCEEDED: {
    cause: "Metadata is larger, deeper or longer than is ever read: too many bytes, roles, keys or signatures.",
    risk: `Endless data is a known attack. ${unaccepted}`,
    mend: elsewhere,
  },
  TUF_TYPE_MISMATCH: {
    cause: "A file has the type of another role: a snapshot where a timestamp should be.",
    risk: `Files that were exchanged for one another are a known attack. ${unaccepted}`,
    mend: elsewhere,
  },
  TUF_SPEC_VERSION: {
    cause: "The metadata is written for another major version of the TUF specification.",
    risk: `Usually this program is too old for the repository. ${unaccepted}`,
    mend: "Install a newer version of this program.",
  },
  TUF_NAME_INVALID: {
    cause: "A target's or a role's name is not allowed: empty, with .. in it, absolute, or with control characters.",
    risk: "Such names lead out of directories, so they are refused everywhere. Nothing was changed.",
    mend: "Use names such as `app/1.4.tgz`; `dtuf list-copy-targets <repo>` lists those that are there.",
  },
  TUF_KEY_INVALID: {
    cause: "A key is of a kind that is not known, too weak, or not what its type says.",
    risk: "A key like that protects nothing. It was not used.",
    mend: "Make another: `dtuf create-metadata-keys <repo> --key-type ed25519`, then `dtuf reset-keys <repo>`.",
  },
  TUF_SIGNER_MISMATCH: {
    cause: "A signer made a signature that its own public key does not verify.",
    risk: "The two halves of a key do not belong together, or a device is faulty. Nothing was signed.",
    mend: "Put back the pair of key files that belong together (`keys/` and its `.pub`), or make new keys and `dtuf reset-keys <repo>`.",
  },
  TUF_THRESHOLD_NOT_MET: {
    cause: "A file is not signed by as many of its role's keys as the role needs.",
    risk: `Exactly what an attacker without the keys can make; a repository that was replaced shows it too. ${unaccepted}`,
    mend: "Ask the publisher by another way than the registry. If it was replaced: compare the fingerprint, then `dtuf pin <repo> root.json --replace`.",
  },
  TUF_FAMILY_DROPPED: {
    cause: "A new root drops a kind of keys that an earlier root always demands.",
    risk: `Somebody who broke one kind of signature would do this. ${unaccepted}`,
    mend: "The publisher: sign with a key of that kind too (`--key-type`, `--require-family`), then publish again.",
  },
  TUF_EXPIRED: {
    cause: "Metadata is older than its expiry: nobody signed it again, or a newer one is withheld.",
    risk: `Mostly a publisher who forgot. A registry that withholds updates looks the same, and gets no further. ${unaccepted}`,
    mend: "Check this machine's clock. The publisher: `dtuf status <repo>` says what is due; `dtuf refresh-metadata <repo>` or `dtuf push-metadata <repo>` renews it.",
  },
  TUF_ROLLBACK: {
    cause: "A source shows an older version than this machine accepted before.",
    risk: `A mirror that is behind, a registry restored from a backup, or a rollback attack. ${unaccepted}`,
    mend: "A client: try later or another source, and keep the state. A publisher: ask the others, then `dtuf push-metadata <repo> --base recorded`.",
  },
  TUF_VERSION_MISMATCH: {
    cause: "A file has another version than the signed metadata above it says.",
    risk: `Files of different releases were mixed: a faulty mirror, or a mix-and-match attack. ${unaccepted}`,
    mend: elsewhere,
  },
  TUF_HASH_MISMATCH: {
    cause: "Bytes are not those whose hash was signed.",
    risk: `A damaged copy or an attack. ${unaccepted}`,
    mend: elsewhere,
  },
  TUF_LENGTH_MISMATCH: {
    cause: "Bytes are more or fewer than was signed.",
    risk: `A cut transfer, or endless data as an attack. ${unaccepted}`,
    mend: elsewhere,
  },
  TUF_OUT_OF_ORDER: {
    cause: "A program gave the rules a file before the one that vouches for it.",
    risk: noRisk,
    mend: "A fault of the calling program: load root, timestamp, snapshot, targets in this order.",
  },
  TUF_ROLE_MISSING: {
    cause: "Signed metadata names a role and lists no keys or no file for it.",
    risk: tampering,
    mend: "The publisher: `dtuf update-role <repo> <role> FILE` or `dtuf revoke-role <repo> <role>`, then `dtuf push-metadata <repo>`.",
  },
  TUF_ROOT_KEYS_MISMATCH: {
    cause: "No root that the source shows is signed by all the keys that were given.",
    risk: `Wrong keys, or a repository of somebody else. ${unaccepted}`,
    mend: "Better pin a root.json from the publisher: `dtuf pin <repo> root.json`.",
  },
};
