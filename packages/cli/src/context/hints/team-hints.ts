/** For errors of commands by which several people sign, and of one machine that would sign in their place. */
interface TeamFailure {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** The command that failed. */
  readonly command: string;
}

const proposing: ReadonlySet<string> = new Set(["propose", "review", "sign", "accept"]);

const keySteps =
  "several people sign for this repository: PROGRAM add-key <repo> and PROGRAM remove-key <repo> stage which keys a role has, and PROGRAM propose <repo> asks the holders to sign that";

export const othersSign = "what is staged is kept: PROGRAM propose <repo> asks the other holders to sign";

export function findTeamHint({ code, details = {}, command }: TeamFailure): string | undefined {
  const { name } = details;
  if (code === "MASTER_SIGNATURES_MISSING" && typeof name === "string") {
    return `on the machines of those who have not signed: PROGRAM sign <repo> --proposal ${name}; then PROGRAM accept <repo> ${name} again`;
  }
  if (code === "MASTER_METADATA_MISSING" && details["published"] === undefined && proposing.has(command)) {
    return "if this machine has not taken the repository over yet: PROGRAM adopt-metadata <repo> root.json, with the root.json that was handed over; if its state is in another directory, run the command there, or name that directory's dtuf_repos with --repositories-root";
  }
  if (code === "MASTER_METADATA_EXISTS" && command === "adopt-metadata") {
    return "this machine has its metadata already: PROGRAM status <repo> shows it and lists the open proposals, and PROGRAM review <repo> NAME also takes in what was published since. Another repository of the same name needs another --repositories-root";
  }
  if (code === "MASTER_VERSION_IMPLAUSIBLE" && proposing.has(command)) {
    return command === "propose"
      ? "if that key was stolen, replace it by PROGRAM create-metadata-keys, add-key and remove-key, and name the snapshot that PROGRAM status <repo> shows: PROGRAM propose <repo> --expect-snapshot VERSION"
      : "ask the one who proposed; if that is known there, have the hash of the proposal read out, and give it with --expect-hash";
  }
  if (details["signers"] !== "several") return undefined;
  if (code === "MASTER_OLD_ROOT_KEY_MISSING") {
    return `${keySteps}; if fewer of them are left than must sign: PROGRAM reset-keys <repo> --replace, after which every client must pin again`;
  }
  if (code !== "MASTER_KEYS_MISSING" || details["directory"] === undefined) return undefined;
  return command === "reset-keys" ? keySteps : hintOfKeys(details);
}

/** A root that several people sign is never replaced by the keys of one machine. */
function hintOfKeys(details: Readonly<Record<string, unknown>>): string {
  const [role, directory] = [String(details["role"]), String(details["directory"])];
  if (role === "root" || role === "targets") return othersSign;
  const make = details["unnamed"] === undefined ? `PROGRAM create-metadata-keys <repo> ${role}, ` : "";
  return `copy ${role}_key into ${directory} from the machine that has the newest one; if that is lost or stolen: ${make}PROGRAM add-key <repo> ${role} ${directory}/${role}_key.pub, PROGRAM remove-key <repo> ${role} with the old key's id, and PROGRAM propose <repo>, which asks the holders of root to sign`;
}
