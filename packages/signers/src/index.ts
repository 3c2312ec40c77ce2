export { parseSignerUri } from "./context.ts";
export type { AgeOptions, OpenScheme, SecretProvider, SecretRequest, SignerContext, SignerUri } from "./context.ts";
export { SignerError } from "./errors.ts";
export type { SignerErrorCode, SignerErrorDetails } from "./errors.ts";
export { importPrivateKey, isEncryptedKey } from "./keys/private-key.ts";
export { readKeyFile } from "./keys/file-signer.ts";
export { openSigner } from "./open-signer.ts";
export type { OpenSignerOptions } from "./open-signer.ts";
