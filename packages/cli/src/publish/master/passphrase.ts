/** Passphrases of keys: from the variable, else asked for on the terminal, never prompted for without one. */
import type { PassphraseProvider, PassphraseRequest } from "@dtuf/master";
import type { Context } from "../../context/command.ts";
import type { SettingName } from "../../context/settings/settings.ts";
import { whyNobodyIsAsked } from "../../context/questions.ts";
import { UsageError } from "../../context/usage.ts";

type Role = PassphraseRequest["role"];

/**
 * The empty string means what it meant in dtuf: the key is stored without encryption. That is said, once a key. What was
 * typed is kept in memory until the command ends, so that each key is asked for once; a wrong one is asked for again.
 * @throws UsageError where nobody can be asked
 */
export function createPassphrases(context: Context): PassphraseProvider {
  const typed = new Map<string, string>();
  return async ({ role, purpose, path, refused }) => {
    const given = givenPassphrase(context, role, purpose);
    if (given !== undefined) return warnIfEmpty(context, given, { role, purpose });
    const ask = context.io.askSecret;
    if (ask === undefined) throw nobodyToAsk(context, [role], purpose);
    if (refused > 0) context.terminal.note(`that is not the passphrase of ${path}`);
    const known = refused > 0 ? undefined : typed.get(path);
    const prompt = promptOf(role, purpose);
    const answer = known ?? (purpose === "create" ? await askNewPassphrase(ask, prompt) : await ask(prompt));
    typed.set(path, answer);
    return warnIfEmpty(context, answer, { role, purpose });
  };
}

/** Before the first of several keys is made: every variable that is missing is named at once. @throws UsageError */
export function verifyPassphrases(context: Context, roles: readonly Role[]): void {
  const missing = roles.filter((role) => givenPassphrase(context, role, "create") === undefined);
  if (missing.length > 0 && context.io.askSecret === undefined) throw nobodyToAsk(context, missing, "create");
}

/** A key that was set aside mostly has the passphrase that the new one has. */
function givenPassphrase(context: Context, role: Role, purpose: PassphraseRequest["purpose"]): string | undefined {
  const { env } = context.io;
  return env[context.variable(settingOf(role, purpose))] ?? env[context.variable(`${role}-key-password`)];
}

function nobodyToAsk(context: Context, roles: readonly Role[], purpose: PassphraseRequest["purpose"]): UsageError {
  const keys = roles.length === 1 ? `${roles[0]} key needs a passphrase` : `${roles.join(", ")} keys need passphrases`;
  const variables = roles.map((role) => context.variable(settingOf(role, purpose))).join(", ");
  const empty =
    purpose === "create" ? "; a variable that is set and empty means no encryption" : othersOf(context, roles);
  return new UsageError(`the ${keys} and ${whyNobodyIsAsked(context)}`, `set ${variables}${empty}`);
}

/** Keys are unlocked one after the other, and most commands need more than one of these. */
function othersOf(context: Context, [role]: readonly Role[]): string {
  const online = (["targets", "snapshot", "timestamp"] as const).filter((each) => each !== role && role !== "root");
  const missing = online.filter((each) => givenPassphrase(context, each, "unlock") === undefined);
  if (missing.length === 0) return "";
  return `; for those of the other keys that are encrypted: ${missing.map((each) => context.variable(`${each}-key-password`)).join(", ")}`;
}

function promptOf(role: Role, purpose: PassphraseRequest["purpose"]): string {
  if (purpose === "create")
    return `New passphrase for the ${role} key (it signs ${signedBy[role]}; empty: no encryption): `;
  return `Passphrase of the ${purpose === "unlock-previous" ? "old " : ""}${role} key: `;
}

/** A secret is chosen by the key's role. Only the root needs its old key beside the new one in a single command. */
function settingOf(role: Role, purpose: PassphraseRequest["purpose"]): SettingName {
  return role === "root" && purpose === "unlock-previous" ? "old-root-key-password" : `${role}-key-password`;
}

const signedBy: Readonly<Record<Role, string>> = {
  root: "whom clients trust",
  targets: "which files clients take",
  snapshot: "which metadata belongs together",
  timestamp: "what is newest",
};

/** Twice, because what is typed is not seen. That nothing was typed is seen, and said. */
export async function askNewPassphrase(ask: (prompt: string) => Promise<string>, prompt: string): Promise<string> {
  const first = await ask(prompt);
  if (first !== "" && first !== (await ask("The same again: "))) throw new UsageError("the two passphrases differ");
  return first;
}

function warnIfEmpty(
  context: Context,
  passphrase: string,
  { role, purpose }: Pick<PassphraseRequest, "role" | "purpose">,
): string {
  if (passphrase === "" && purpose === "create") {
    context.terminal.note(`the ${role} key is stored without a passphrase: anyone who can read the file can sign`);
  }
  return passphrase;
}
