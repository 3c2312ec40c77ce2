/**
 * The operating system's keychain, through keytar's interface. The module is loaded at first use, so that a machine without
 * one reports that only if a keychain is used. One item for each registry: service "dtuf", account
 * the registry, secret a JSON object that contains the user's name. (`findCredentials` is not used, because in some versions
 * it crashes Node if the keyring is locked.)
 */
import { OciError } from "../../errors.ts";
import type { StorableCredential } from "./credential-helper.ts";
import { credentialHost, type Credential, type CredentialProvider } from "./credentials.ts";

/** The part of keytar's interface that is used. */
export interface Keychain {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

const service = "dtuf";

/**
 * Loads the module installed as `keytar`. It is an optional peer dependency, so that programs that only pull install no native code.
 * @throws OciError OCI_CREDENTIALS_UNAVAILABLE
 */
export async function openKeychain(): Promise<Keychain> {
  try {
    // Not a literal, so that bundlers do not resolve it.
    const name = "keytar";
    const loaded = (await import(name)) as Keychain | { readonly default: Keychain };
    return "default" in loaded ? loaded.default : loaded;
  } catch (cause) {
    throw unavailable(
      "the OS keychain cannot be used, because the module keytar cannot be loaded (in a program: npm install keytar@npm:@github/keytar; dtuf itself: npm install -g it again with --allow-scripts=@github/keytar)",
      cause,
    );
  }
}

/** @param keychain a module with keytar's interface. Default: `openKeychain`, at the first `find` */
export function createKeychainCredentials(keychain?: Keychain): CredentialProvider {
  return { find: async ({ registry }) => findInKeychain(keychain ?? (await openKeychain()), registry) };
}

/** @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
export async function findInKeychain(keychain: Keychain, registry: string): Promise<Credential | undefined> {
  const secret = await attempt(registry, () => keychain.getPassword(service, credentialHost(registry)));
  return secret === null ? undefined : parseSecret(registry, secret);
}

/** @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
export async function storeInKeychain(
  keychain: Keychain,
  registry: string,
  credential: StorableCredential,
): Promise<void> {
  await attempt(registry, () => keychain.setPassword(service, credentialHost(registry), JSON.stringify(credential)));
}

/** @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
export function eraseFromKeychain(keychain: Keychain, registry: string): Promise<boolean> {
  return attempt(registry, () => keychain.deletePassword(service, credentialHost(registry)));
}

async function attempt<T>(registry: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw unavailable(`the OS keychain failed for ${registry}`, cause);
  }
}

function parseSecret(registry: string, secret: string): Credential {
  try {
    const { kind, username, password, token } = JSON.parse(secret) as Record<string, unknown>;
    if (kind === "basic" && typeof username === "string" && typeof password === "string") {
      return { kind, username, password };
    }
    if (kind === "identity-token" && typeof token === "string") return { kind, token };
  } catch {
    // The parser's message quotes the secret, so it is dropped.
  }
  throw unavailable(`the OS keychain's item for ${registry} was not written by dtuf`);
}

function unavailable(message: string, cause?: unknown): OciError {
  return new OciError("OCI_CREDENTIALS_UNAVAILABLE", message, cause === undefined ? {} : { cause });
}
