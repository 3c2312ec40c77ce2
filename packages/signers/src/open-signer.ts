import { keyMaterial, type Signer } from "@dtuf/tuf";
import { parseSignerUri, type OpenScheme, type SignerContext } from "./context.ts";
import { SignerError } from "./errors.ts";
import { openKeychainKey } from "./keychain/keychain-signer.ts";
import { openFile, openFile2, openVariable } from "./keys/file-signer.ts";
import { openCommand } from "./processes/command-signer.ts";
import { openVault } from "./services/vault-signer.ts";

export interface OpenSignerOptions extends SignerContext {
  /** Further schemes, or others than those of this package. */
  readonly schemes?: Readonly<Record<string, OpenScheme>> | undefined;
}

const known: Readonly<Record<string, OpenScheme>> = {
  file2: openFile2,
  file: openFile,
  envvar: openVariable,
  exec: openCommand,
  hv: openVault,
  keychain: openKeychainKey,
  hsm: async (uri, context) => (await import("./hsm/index.ts")).openHsm(uri, context),
};

/**
 * Opens the private key that a URI names, in securesystemslib's spelling: `file2:PATH`, `file:PATH?encrypted=true`,
 * `envvar:NAME`, `exec:COMMAND`, `hv:KEY/VERSION`, `keychain:SERVICE/ACCOUNT`, `hsm:KEYID?label=…`. Nothing is signed yet. Signatures are not verified here:
 * `signDocument` and `addSignatures` of `@dtuf/tuf` verify each before it is written.
 * @throws SignerError SIGNER_URI_INVALID, SIGNER_KEY_DIFFERS if `key` is given and the signer has another one, …
 */
export async function openSigner(uri: string, options: OpenSignerOptions): Promise<Signer> {
  const parsed = parseSignerUri(uri);
  const schemes = { ...known, ...options.schemes };
  const open = Object.hasOwn(schemes, parsed.scheme) ? schemes[parsed.scheme] : undefined;
  if (open === undefined) {
    throw new SignerError(
      "SIGNER_URI_INVALID",
      `no signer is known for ${parsed.scheme}:, only for ${Object.keys(schemes).join(", ")}`,
    );
  }
  const signer = await open(parsed, options);
  const { key } = options;
  if (key === undefined || keyMaterial(key) === keyMaterial(signer.key)) return signer;
  throw new SignerError("SIGNER_KEY_DIFFERS", `${uri} has another key than the one that was asked for`, {
    details: { wanted: keyMaterial(key) ?? "", got: keyMaterial(signer.key) ?? "" },
  });
}
