import type { SignerErrorCode } from "@dtuf/signers";
import { noRisk, type ErrorEntries } from "./entry.ts";

const unsigned = "Nothing was signed.";

export const signerErrors: ErrorEntries<SignerErrorCode> = {
  SIGNER_URI_INVALID: {
    cause: "A signer's URI has a scheme that is not known, or what follows the scheme is wrong.",
    risk: noRisk,
    mend: "Write it as the message says; `dtuf help add-key` has an example.",
  },
  SIGNER_NOT_FOUND: {
    cause: "The file, variable, token or key that a signer's URI names is not there.",
    risk: `If it was not moved on purpose, look for who has it. ${unsigned}`,
    mend: "Put it back, or name another with `--signer`; `dtuf list-keys <repo>` says which keys are needed.",
  },
  SIGNER_UNAVAILABLE: {
    cause: "A device, a module or a service that signs cannot be used now, or did not answer in time.",
    risk: unsigned,
    mend: "Connect the device, or wait for the service; then run the command again.",
  },
  SIGNER_REFUSED: {
    cause: "The service or the device refused: credentials, a PIN, or a right that is missing.",
    risk: `Some devices lock after a few wrong PINs. ${unsigned}`,
    mend: "Check the credentials and the rights that the message names, before another try.",
  },
  SIGNER_KEY_INVALID: {
    cause: "The private key is damaged, or of a kind that cannot sign TUF metadata.",
    risk: unsigned,
    mend: "Take the key from a backup, or make another: `dtuf create-key FILE`, then `dtuf add-key <repo> <role> FILE.pub`.",
  },
  SIGNER_KEY_DIFFERS: {
    cause: "The private key is another one than the public key that the role lists.",
    risk: `A key that was exchanged, or a mistake. ${unsigned}`,
    mend: "`dtuf list-keys <repo>` lists the keys of each role; name the right one with `--signer`.",
  },
  SIGNER_PASSPHRASE_WRONG: {
    cause: "The passphrase does not open the key.",
    risk: unsigned,
    mend: "Type it again, or set DTUF_KEY_PASSWORD.",
  },
  SIGNER_PASSPHRASE_MISSING: {
    cause: "The key has a passphrase, none was given, and nobody can be asked.",
    risk: unsigned,
    mend: "Set DTUF_KEY_PASSWORD, or run the command on a terminal.",
  },
};
