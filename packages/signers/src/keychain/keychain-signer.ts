/**
 * `keychain:SERVICE/ACCOUNT`: a private key in PEM in the operating system's keychain, through keytar's interface. A
 * machine without a session (a server, CI) has none, and says so at once.
 */
import { createSigner } from "@dtuf/tuf";
import { inTime, type Keychain, type OpenScheme } from "../context.ts";
import { SignerError } from "../errors.ts";
import { loadPeer } from "../peer-module.ts";
import { importPrivateKey } from "../keys/private-key.ts";

export const openKeychainKey: OpenScheme = async ({ rest, text }, context) => {
  const [, service, account] = /^([^/]+)\/(.+)$/s.exec(rest) ?? [];
  if (service === undefined || account === undefined) {
    throw new SignerError("SIGNER_URI_INVALID", `${text}: wanted keychain:SERVICE/ACCOUNT`);
  }
  const secret = await inTime("the OS keychain", context, async () => {
    const keychain = context.keychain ?? (await loadPeer<Keychain>("keytar"));
    return keychain.getPassword(service, account);
  }).catch((cause: unknown) => {
    throw context.signal?.aborted === true ? cause : headless(cause);
  });
  if (secret === null) throw new SignerError("SIGNER_NOT_FOUND", `the keychain has nothing under ${rest}`);
  return createSigner(await importPrivateKey(secret, { of: text, context }));
};

/** A keychain that is locked asks on a screen, which may not be there. */
function headless(cause: unknown): SignerError {
  return new SignerError(
    "SIGNER_UNAVAILABLE",
    "the OS keychain cannot be used here; on a machine without a desktop take file2:PATH with a passphrase, or envvar:NAME",
    { cause },
  );
}
