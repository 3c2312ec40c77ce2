import { SignerError } from "./errors.ts";

/**
 * Loads a module that is installed beside this package by those who need it. Its name is no literal here, so that bundlers
 * do not resolve it.
 * @throws SignerError SIGNER_UNAVAILABLE
 */
export async function loadPeer<Module extends object>(name: string): Promise<Module> {
  try {
    const loaded = (await import(name)) as Module | { readonly default: Module };
    return "default" in loaded ? loaded.default : loaded;
  } catch (cause) {
    throw new SignerError("SIGNER_UNAVAILABLE", `the module ${name} cannot be loaded (npm install ${name})`, { cause });
  }
}
