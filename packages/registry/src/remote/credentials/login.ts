/**
 * Storing and erasing credentials. The caller chooses the place: the helper that Docker's configuration names
 * (`findConfiguredHelper`), the OS keychain, or, explicitly, plain text in a config.json.
 */
import { mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileError, withLock, writeFileAtomically } from "../../files/index.ts";
import { isDockerHub } from "../../oci/reference.ts";
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

/**
 * A login of another program into the same file at the same time is not lost.
 * @throws OciError OCI_CREDENTIALS_UNAVAILABLE; FileError if the file cannot be written, FILE_CHANGED if other programs never stop writing it
 */
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

const lockTimeoutMs = 10_000;
/** Docker's programs write the file without a lock, and rarely. */
const attemptsMax = 10;

/**
 * Keeps everything else in the file. If the path is a link, the link stays and the file behind it is replaced.
 * @param change returns undefined if nothing has to change
 */
async function changeAuths(path: string, change: (auths: Auths) => Auths | undefined): Promise<void> {
  const target = await realpath(path).catch(() => path);
  if ((await planChange(target, change)).changed === undefined) return;
  const directory = dirname(target);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const lock = join(directory, `.${basename(target)}.dtuf-lock`);
  await withLock(lock, { wait: "wait", timeoutMs: lockTimeoutMs, file: "remove" }, async () => {
    for (let left = attemptsMax; ; left -= 1) {
      try {
        return await changeOnce(target, change);
      } catch (error) {
        if (left === 1 || !FileError.is(error) || error.code !== "FILE_CHANGED") throw error;
      }
    }
  });
}

/** @throws FileError FILE_CHANGED if another program has written the file since it was read, which stays as it is then */
async function changeOnce(path: string, change: (auths: Auths) => Auths | undefined): Promise<void> {
  const { text, changed } = await planChange(path, change);
  if (changed === undefined) return;
  await writeFileAtomically(path, changed, {
    mode: 0o600,
    async beforeRename() {
      if ((await readAuthText(path)) === text) return;
      throw new FileError("FILE_CHANGED", `${path} changed while it was edited; try again when nothing writes to it`, {
        details: { path },
      });
    },
  });
}

/** The file as it is, and as it is to be. */
async function planChange(
  path: string,
  change: (auths: Auths) => Auths | undefined,
): Promise<{ readonly text: string | undefined; readonly changed: string | undefined }> {
  const text = await readAuthText(path);
  const json = parseAuthJson(text ?? "", path);
  const auths = change(Object.entries(json["auths"] ?? {}));
  const changed = auths && `${JSON.stringify({ ...json, auths: Object.fromEntries(auths) }, undefined, "\t")}\n`;
  return { text, changed };
}
