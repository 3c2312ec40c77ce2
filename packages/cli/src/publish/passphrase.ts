/** Passphrases of keys: from the variable, else asked for on the terminal, never prompted for without one. */
import type { Context } from "../context/command.ts";
import type { SettingName } from "../context/settings.ts";
import { UsageError } from "../context/usage.ts";

export interface PassphraseRequest {
  readonly role: "root" | "targets" | "snapshot" | "timestamp";
  readonly purpose: "create" | "unlock" | "unlock-previous";
}

/**
 * The empty string means what it meant in dtuf: the key is stored without encryption. That is said, once a key.
 * @throws UsageError where nobody can be asked
 */
export function createPassphrases(context: Context): (request: PassphraseRequest) => Promise<string | undefined> {
  return async ({ role, purpose }) => {
    const variable = context.variable(settingOf(role, purpose));
    // A key that was set aside mostly has the passphrase that the new one has.
    const given = context.io.env[variable] ?? context.io.env[context.variable(`${role}-key-password`)];
    if (given !== undefined) return warnIfEmpty(context, given, { role, purpose });
    const ask = context.io.askSecret;
    if (ask === undefined) {
      throw new UsageError(`the ${role} key needs a passphrase and there is no terminal to ask on`, `set ${variable}`);
    }
    if (purpose !== "create")
      return ask(`Passphrase of the ${purpose === "unlock-previous" ? "old " : ""}${role} key: `);
    return warnIfEmpty(context, await askTwice(ask, role), { role, purpose });
  };
}

/** A secret is chosen by the key's role. Only the root needs its old key beside the new one in a single command. */
function settingOf(role: PassphraseRequest["role"], purpose: PassphraseRequest["purpose"]): SettingName {
  return role === "root" && purpose === "unlock-previous" ? "old-root-key-password" : `${role}-key-password`;
}

async function askTwice(ask: (prompt: string) => Promise<string>, role: string): Promise<string> {
  const first = await ask(`New passphrase for the ${role} key (empty: no encryption): `);
  const second = await ask("The same again: ");
  if (first !== second) throw new UsageError("the two passphrases differ");
  return first;
}

function warnIfEmpty(context: Context, passphrase: string, { role, purpose }: PassphraseRequest): string {
  if (passphrase === "" && purpose === "create") {
    context.terminal.note(`the ${role} key is stored without a passphrase: whoever reads the file can sign`);
  }
  return passphrase;
}
