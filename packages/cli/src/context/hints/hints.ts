/** For errors that a command can mend: the command. */
import { isTopLevelRole } from "@dtuf/tuf";
import type { Program } from "../command.ts";
import { findTeamHint, othersSign } from "./team-hints.ts";

const hints: Readonly<Record<string, string>> = {
  COPY_NOT_PINNED: "pin a root first: PROGRAM pull-metadata <repo> root.json",
  COPY_NOT_PUBLISHED:
    "check the name, and the registry: DTUF_HOST names it, or the repository's whole name (host/name, oci:DIRECTORY); its publisher publishes with PROGRAM push-metadata",
  COPY_PIN_OTHER_CHAIN:
    "if roots are missing in between, give the publisher's whole chain (PROGRAM get-root <repo> --all); if you mean to trust another chain, compare the fingerprints and add --replace; for another repository of that name, another --repositories-root",
  COPY_OFFLINE_NOTHING_CACHED: "run the command once with a connection, without --offline",
  COPY_STATE_NOT_KEPT: "make the directory writable for this user, or name another one with --repositories-root",
  COPY_WEB_PAGE:
    "sign in to the network in a browser and run the command again; where an app answers every address of that host, its server needs a rule for the repository's folder",
  COPY_CLOCK_SUSPECT:
    "set this machine's clock; where it is right and was ahead before: PROGRAM pull-metadata <repo> root.json --replace",
  TUF_EXPIRED: "if this machine's clock is right, the publisher must sign again",
  MASTER_METADATA_MISSING:
    "if the repository was made in another directory, run the command there, or name that directory's dtuf_repos with DTUF_REPOSITORIES_ROOT (--repositories-root); only if it is to be a new one, with keys of its own: PROGRAM init <repo>",
  MASTER_METADATA_EXISTS:
    "this machine has its metadata: PROGRAM status <repo> shows it, and PROGRAM push-metadata <repo> publishes it. Another repository of the same name needs another --repositories-root",
  MASTER_PLACE_DIFFERS:
    "if the repository moved: PROGRAM sync --tuf root.json OLD NEW, then PROGRAM adopt-metadata <repo> --move; otherwise name the other registry, or another --repositories-root",
  SIGNER_PASSPHRASE_MISSING: "set DTUF_KEY_PASSWORD, or run the command on a terminal, which asks",
  SIGNER_NOT_FOUND:
    "if the key is at another place: --signer file2:FILE signs with it now, and PROGRAM create-key NEW --from FILE remembers a file of it",
  SIGNER_KEY_DIFFERS: "nothing was signed: PROGRAM list-keys <repo> lists the keys of each role",
  MASTER_SIGNATURES_MISSING:
    "what is staged is kept: PROGRAM propose <repo> asks the holders to sign; or run the command again where those keys are",
  MASTER_KEY_UNKNOWN: "PROGRAM list-keys <repo> lists the keys of each role",
  MASTER_ROLE_UNKNOWN: "PROGRAM list-keys <repo> lists the roles and their keys",
  MASTER_BINS_MISSING: "PROGRAM create-bins <repo> --count 16384",
  MASTER_BINS_UNSUPPORTED: "nothing was changed",
  MASTER_KEY_EXISTS: "PROGRAM list-keys <repo> lists the keys of each role",
  MASTER_THRESHOLD_TOO_HIGH:
    "add a key first (PROGRAM add-key <repo>), or lower the threshold (PROGRAM set-threshold <repo>)",
  MASTER_PUBLISHER_RACE: "run PROGRAM push-metadata <repo> again",
  MASTER_BASE_EXPIRED:
    "if that is the newest snapshot, as PROGRAM status says on the machine that pushed last: PROGRAM refresh-metadata <repo> there, or where the online keys are, signs its timestamp again; a command that publishes or proposes also takes --expect-snapshot VERSION, one that reviews or signs --expect-hash HASH",
  MASTER_BASE_UNEXPECTED:
    "ask the other publishers; then PROGRAM push-metadata <repo> --expect-snapshot VERSION builds on what is published, and --base recorded publishes this machine's record over it",
  MASTER_RECORD_DUE:
    "where targets are pushed, PROGRAM push-metadata <repo> --record-out FILE makes a newer one: hand it over, by another way than the registry",
  MASTER_RECORD_MISMATCH:
    "if the pusher has a newer record, hand it over; if this is the newest, the registry shows something else than was pushed: ask the pusher",
  MASTER_CHAIN_DIFFERS:
    "ask the other publishers. To work on theirs: PROGRAM adopt-metadata <repo> root.json, with another --repositories-root; to put this machine's in its place, so that every client must pin again: PROGRAM push-metadata <repo> --replace-repository",
  MASTER_CLOCK_SUSPECT: "set this machine's clock; where it is right and was ahead before: --trust-clock",
  MASTER_VERSION_IMPLAUSIBLE:
    "if that key was stolen, PROGRAM create-metadata-keys, then reset-keys, then push-metadata --base recorded; if not, --expect-snapshot VERSION",
  MASTER_OLD_ROOT_KEY_MISSING:
    "put the old key's file back into keys/previous; if it is lost, PROGRAM reset-keys <repo> --replace, after which every client must pin again",
  MASTER_PROPOSAL_UNKNOWN: "PROGRAM status <repo> lists the open proposals",
  MASTER_PROPOSAL_OUTDATED:
    "something else was published since: PROGRAM propose <repo> again where it is staged, and have it signed again",
  MASTER_PROPOSAL_REPLAYED:
    "nothing was signed. The registry may be showing an old proposal: ask the others for the number and the hash; if theirs is this one, have it proposed again",
  MASTER_PROPOSAL_CHANGED:
    "nothing was signed. Ask the others which hash they see; if the content was changed on purpose, have it proposed again",
  MASTER_NOTHING_STAGED:
    "stage something first: PROGRAM push-target, delegate-role, add-key; PROGRAM status <repo> lists it, and what is due",
  MASTER_PATH_NOT_DELEGATED: "nothing was published: PROGRAM explain <repo> <target> says who may sign a name",
  OCI_UNAUTHORIZED: "give credentials: PROGRAM login <host>, or DTUF_USERNAME and DTUF_PASSWORD",
  OCI_TAG_IMMUTABLE: "take another alias, or have the registry's rule for immutable tags leave this one out",
  OCI_REALM_REFUSED: "if that host is your registry's token server, name it in DTUF_AUTH_HOST",
  OCI_INSECURE_CREDENTIALS: "use https, or no credentials",
  FILE_LOCKED: "another process is at work on the same state: wait for it to end",
  FILE_NO_SPACE: "free some space and run the command again: it goes on where it was",
};

const published =
  "PROGRAM adopt-metadata <repo> root.json takes it as this machine's base, with a root.json from its publisher (PROGRAM get-root); if its state is in another directory, name that directory's dtuf_repos with --repositories-root";

/** The registry shows the publisher less than it last saw there. */
export const rolledBack =
  "the registry was rolled back, restored from a backup, or overwritten by another publisher: ask them; PROGRAM push-metadata <repo> --base recorded publishes this machine's record over it";

const publishing: ReadonlySet<string> = new Set(["push-metadata", "refresh-metadata", "publish", "prune"]);

const clients: ReadonlySet<string> = new Set([
  ...["pull", "pull-metadata", "pull-target", "check-target", "blob-sizes", "list-copy-targets"],
  "get-copy-expirations",
]);

const clientRolledBack =
  "nothing older was accepted. A mirror that is behind, or a registry that was restored from a backup, shows this, and so does an attack: run the command again later or from another source, and tell the publisher. Keep this machine's state, because it is what detects this";

const clientOtherKeys =
  "nothing of it was accepted: it is not signed by the keys that this machine trusts. If its publisher says, by another way than the registry, that the repository was replaced: PROGRAM pin <repo> root.json --replace, with a root.json from the publisher whose fingerprint was compared";

const mediaTypes =
  "this registry takes only the media types that it knows. A GitLab of one's own takes others with REGISTRY_FF_DYNAMIC_MEDIA_TYPES=true in the registry's environment; gitlab.com does not: docs/registries.md";

/** Two hosts take part, and each has its own setting. */
const carrying: ReadonlySet<string> = new Set(["sync", "export", "import"]);

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** The command that failed. */
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function findHint(failure: Failure, program: Program): string | undefined {
  const { code } = failure;
  const hint = hintOfOwner(failure) ?? hintOfCase(failure) ?? (Object.hasOwn(hints, code) ? hints[code] : undefined);
  const named = hint?.replaceAll("PROGRAM", program).replaceAll("DTUF_", `${program.toUpperCase()}_`);
  return [hintOfNear(failure.details?.["near"]), named].filter((part) => part !== undefined).join(" ") || undefined;
}

function hintOfNear(near: unknown): string | undefined {
  return Array.isArray(near) ? `did you mean ${near.map((each) => JSON.stringify(each)).join(" or ")}?` : undefined;
}

function hintOfCase(failure: Failure): string | undefined {
  const { code, message, details, command } = failure;
  const ofCommand = findTeamHint(failure) ?? hintOfCommand(failure);
  if (ofCommand !== undefined) return ofCommand;
  if (code === "COPY_TARGET_UNKNOWN")
    return `PROGRAM list-copy-targets <repo> lists what is there${hintOfPattern(details)}`;
  if (code === "MASTER_TARGET_UNKNOWN") return details?.["staged"] === undefined ? listsTargets : listsStaged;
  if (code === "MASTER_KEYS_MISSING") return hintOfKeys(details, command);
  if (code === "MASTER_PUBLISHER_RACE" && details?.["lost"] !== undefined) {
    return "staged changes of keys: PROGRAM push-metadata <repo> signs them on the root that is published now; a root of reset-keys: PROGRAM reset-keys <repo> again";
  }
  if (code === "TUF_EXPIRED" && typeof details?.["role"] === "string") {
    return `if this machine's clock is right, the publisher must sign again: ${hintOfExpired(details["role"])}`;
  }
  if (code === "OCI_RESPONSE_INVALID" && details?.["wanted"] === "identity") {
    return "files are verified as they were signed: have the server, or the proxy before it, send them without Content-Encoding";
  }
  if (code === "COPY_STATUS" && details?.["status"] === 403 && details["what"] === "root") {
    return "an object store answers 403 for what is not there to a reader who may not list: let readers list the bucket (s3:ListBucket, storage.objects.list), or say --absent-root-status 403";
  }
  if (code === "MIRROR_EXPIRES_EARLY") return hintOfEarly(String(details?.["role"]));
  if (code === "MASTER_ROLE_EXPIRED") return hintOfExpired(String(details?.["role"]));
  if (
    (code === "MASTER_METADATA_MISSING" || code === "MASTER_METADATA_EXISTS") &&
    details?.["published"] !== undefined
  ) {
    return published;
  }
  if (code === "OCI_UNAVAILABLE" && details?.["tls"] === "none") return hintOfPlainHttp(command);
  if (code === "OCI_STATUS" && /unknown media type/i.test(message)) return mediaTypes;
  if (code === "OCI_TAG_IMMUTABLE" && String(details?.["tag"]).startsWith("proposal.")) {
    return "a proposal's tag moves when a signature is added: leave tags that begin with `proposal.` out of the registry's rule for immutable tags";
  }
  if (code === "OCI_TAG_IMMUTABLE" && details?.["tag"] === "latest") {
    return "`latest` must stay mutable, because moving it is how a release is published: leave it out of the registry's rule for immutable tags (docs/registries.md)";
  }
  if (code === "MASTER_PASSPHRASE_WRONG") return hintOfPassphrase(failure);
  return undefined;
}

/** The state may be another repository's, which is no attack. */
function hintOfOwner({ details }: Failure): string | undefined {
  const owner = details?.["stateOf"];
  if (typeof owner !== "object" || owner === null) return undefined;
  const { name, directory, place } = owner as Readonly<Record<string, unknown>>;
  return `the state ${String(name)} in ${String(directory)} belongs to ${String(place)}: for another repository of that name, use another --repositories-root. If this is a new place of the same repository, nothing of it was accepted: ask its publisher`;
}

/** The same error asks for another command after another command. */
function hintOfCommand({ code, details, command }: Failure): string | undefined {
  if (code === "COPY_NOT_PUBLISHED" && command === "import-repository") {
    return "what --metadata-url names has no timestamp.json: often it is in a folder `metadata` of that place";
  }
  if (code === "TUF_ROLLBACK" && publishing.has(command) && details?.["wanted"] !== undefined) return rolledBack;
  if (code === "TUF_ROLLBACK" && clients.has(command)) return clientRolledBack;
  if (code === "TUF_THRESHOLD_NOT_MET" && clients.has(command) && isTopLevelRole(String(details?.["role"]))) {
    return clientOtherKeys;
  }
  if (code === "COPY_METADATA_MISSING" && clients.has(command) && details?.["role"] === "timestamp") {
    return "check the registry, the name and the directory: PROGRAM inspect <repo> says where it was pulled from, and what was asked now";
  }
  if (code === "COPY_NOT_PINNED" && command === "pull") return "pin a root first: PROGRAM pull <repo> --root root.json";
  if (code === "MASTER_METADATA_MISSING" && details?.["published"] === undefined) {
    if (command === "refresh-metadata") {
      return "if the repository is published from another machine: PROGRAM adopt-metadata <repo> root.json first; if it is new, PROGRAM init <repo>";
    }
  }
  if (code === "MASTER_BASE_UNEXPECTED" && command === "refresh-metadata") {
    return "PROGRAM status <repo> on the machine that pushed last says which snapshot is published: name that one with --expect-snapshot; if the registry shows another one, ask the other publishers";
  }
  return undefined;
}

const listsTargets = "PROGRAM list-master-targets <repo> lists what is there";
const listsStaged = "PROGRAM status <repo> lists what is staged";

function hintOfPattern(details: Failure["details"]): string {
  if (details?.["pattern"] !== undefined)
    return "; * and ? stop at each /: 'linux/*' takes linux/app, and not linux/x64/app";
  const words = [details?.["target"], details?.["path"]];
  return words.some((word) => typeof word === "string" && word.includes("*"))
    ? "; a pattern is for PROGRAM pull-target <repo> --match, and its * stops at each /"
    : "";
}

function hintOfKeys(details: Failure["details"], command: string): string {
  const role = String(details?.["role"]);
  const directory = String(details?.["directory"]);
  const make = role === "root" ? "PROGRAM create-root-key <repo>" : "PROGRAM create-metadata-keys <repo>";
  if (details?.["roles"] !== undefined) {
    return "name the private key of one of those with --signer; PROGRAM list-keys <repo> lists the keys of each role";
  }
  if (details?.["directory"] === undefined) return "put the key's file back: it was removed while the command ran";
  if (details["metadata"] === "none") return `make the keys: ${hintOfMissing(details["missing"])}`;
  if (details["metadata"] === "exists") {
    return `copy ${role}_key into ${directory} from where it is; if it is lost, ${make}, then PROGRAM reset-keys <repo> again`;
  }
  if (details["unnamed"] !== undefined) {
    return `if the keys were changed on another machine, copy its ${role}_key into ${directory}; if this key was made here to replace a lost one, PROGRAM reset-keys <repo> makes a root that names it, and PROGRAM push-metadata <repo> publishes that`;
  }
  if (Number(details["wanted"]) > 1 && role === "targets") return othersSign;
  const online = command === "refresh-metadata" && role === "snapshot";
  const other = online ? "run PROGRAM push-metadata <repo> on the machine that pushes, or " : "";
  return `${other}copy ${role}_key into ${directory} from the machine that made it; if it is lost: ${make}, PROGRAM reset-keys <repo> and PROGRAM push-metadata <repo> on the machine with the root key`;
}

function hintOfMissing(roles: unknown): string {
  const missing: readonly unknown[] = Array.isArray(roles) ? roles : [];
  const commands = [
    ...(missing.includes("root") ? ["PROGRAM create-root-key <repo>"] : []),
    ...(missing.some((role) => role !== "root") ? ["PROGRAM create-metadata-keys <repo>"] : []),
  ];
  return commands.join(" and ");
}

function hintOfPlainHttp(command: string): string {
  const own = carrying.has(command) ? "--src-tls-verify=false or --dest-tls-verify=false" : "--insecure";
  return `if that host is meant to speak plain HTTP, which everybody in between can read and change: ${own}`;
}

function hintOfExpired(role: string): string {
  if (role === "root") return "PROGRAM reset-keys <repo> renews the root; then PROGRAM push-metadata <repo>";
  if (role === "targets") return "PROGRAM push-metadata <repo> renews targets";
  if (role === "timestamp") return "PROGRAM refresh-metadata <repo> renews the timestamp";
  if (role === "snapshot") {
    return "PROGRAM push-metadata <repo> on the machine that pushed renews the snapshot; if you know that what is published is the newest, PROGRAM refresh-metadata <repo> --snapshot";
  }
  return "have the role's own people sign it again; then PROGRAM update-role <repo> <role> <metadata.json>";
}

/** Every role of the publication expires: the next to expire would be refused just so. */
function hintOfEarly(role: string): string {
  if (!["timestamp", "snapshot", "targets"].includes(role)) return hintOfExpired(role);
  return "give fewer days, or have its publisher push with lifetimes longer than --valid-days, such as 30d: PROGRAM push-metadata <repo> --timestamp-lifetime 30d --snapshot-lifetime 30d";
}

function hintOfPassphrase({ details, env }: Failure): string | undefined {
  const path = String(details?.["path"]);
  const [, aside, role] = /(previous[\\/])?([a-z]+)_key(?:\.[0-9]+)?$/.exec(path) ?? [];
  if (role === undefined) return undefined;
  const variable = `DTUF_${role.toUpperCase()}_KEY_PASSWORD`;
  const hasOld = aside !== undefined && role === "root";
  if (env[variable] === undefined && !(hasOld && env["DTUF_OLD_ROOT_KEY_PASSWORD"] !== undefined)) {
    return "run the command again and type the passphrase that this key was made with";
  }
  if (aside === undefined) return `its passphrase is taken from ${variable}`;
  const old = hasOld ? "DTUF_OLD_ROOT_KEY_PASSWORD, else " : "";
  return `the published root still names this key, which was set aside: its passphrase, from when it was made, is taken from ${old}${variable}`;
}
