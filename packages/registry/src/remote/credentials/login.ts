/**
 * Storing and erasing credentials. The caller chooses the place: the helper that Docker's configuration names
 * (`findConfiguredHelper`), the OS keychain, or, explicitly, plain text in a config.json.
 */
import { mkdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomically } from "../../files/index.ts";
import { isDockerHub } from "../../reference.ts";
import { findHelperName, isKeyOf, parseAuthJson, readAuthFile, readAuthText } from "./auth-file.ts";
import type { CredentialHelper, StorableCredential } from "./credential-helper.ts";
import { dockerHubKey } from "./credentials.ts";
import { eraseFromKeychain, storeInKeychain, type Keychain } from "./keychain.ts";

export type CredentialPlace =
  | { readonly kind: "helper"; readonly name: string; readonly helper: CredentialHelper }
  | { readonly kind: "keychain"; readonly keychain: Keychain }
  /** Base64 is not encryption: anyone who can read the file has the password. */
  | { readonly kind: "plain-text"; readonly path: string };

/** Returns the name of the helper that a config.json sets for a registry. @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
export async function findConfiguredHelper(path: string, registry: string): Promise<string | undefined> {
  const file = await readAuthFile(path);
  return file && findHelperName(file, registry);
}

/** @throws OciError OCI_CREDENTIALS_UNAVAILABLE; FileError if the file cannot be written */
export async function storeCredential(
  place: CredentialPlace,
  registry: string,
  credential: StorableCredential,
): Promise<void> {
  switch (place.kind) {
    case "helper":
      return place.helper.store(place.name, registry, credential);
    case "keychain":
      return storeInKeychain(place.keychain, registry, credential);
    case "plain-text":
      return changeAuths(place.path, (auths) => {
        const others = auths.filter(([key]) => !isKeyOf(key, registry));
        return [...others, [isDockerHub(registry) ? dockerHubKey : registry, encodeEntry(credential)]];
      });
  }
}

/** Succeeds if there is nothing to erase. @throws as `storeCredential` */
export async function eraseCredential(place: CredentialPlace, registry: string): Promise<void> {
  switch (place.kind) {
    case "helper":
      return place.helper.erase(place.name, registry);
    case "keychain":
      await eraseFromKeychain(place.keychain, registry);
      return undefined;
    case "plain-text":
      return changeAuths(place.path, (auths) => {
        const others = auths.filter(([key]) => !isKeyOf(key, registry));
        return others.length === auths.length ? undefined : others;
      });
  }
}

function encodeEntry(credential: StorableCredential): object {
  if (credential.kind === "identity-token") return { identitytoken: credential.token };
  if (credential.username.includes(":")) throw new TypeError("a user name must not contain a colon (RFC 7617)");
  return { auth: Buffer.from(`${credential.username}:${credential.password}`).toString("base64") };
}

type Auths = readonly (readonly [key: string, entry: unknown])[];

/**
 * Keeps everything else in the file. If the path is a link, the link stays and the file behind it is replaced.
 * @param change returns undefined if nothing has to change
 */
async function changeAuths(path: string, change: (auths: Auths) => Auths | undefined): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const json = parseAuthJson((await readAuthText(target)) ?? "", target);
  const auths = change(Object.entries(json["auths"] ?? {}));
  if (auths === undefined) return;
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const changed = { ...json, auths: Object.fromEntries(auths) };
  await writeFileAtomically(target, `${JSON.stringify(changed, undefined, "\t")}\n`, { mode: 0o600 });
}
