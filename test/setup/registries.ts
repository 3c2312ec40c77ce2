/** The real registries of the system tests, as global set-up provides them. */
import { inject } from "vitest";

export const registryForms = ["plain", "basic", "token", "tls"] as const;

export type RegistryFormName = (typeof registryForms)[number];

export interface RegistryAccess {
  /** host:port */
  readonly host: string;
  readonly origin: string;
  /** Where the registry asks for a user. */
  readonly username?: string;
  readonly password?: string;
  /** Of the authority that signed the registry's certificate: PEM, and a file that holds it. */
  readonly ca?: string;
  readonly caFile?: string;
}

export type Registries = Readonly<Record<RegistryFormName, RegistryAccess>>;

declare module "vitest" {
  interface ProvidedContext {
    registries: Registries;
    cacheDirectory: string;
  }
}

/** How to reach the running registry of this form. */
export function registryOf(form: RegistryFormName): RegistryAccess {
  return inject("registries")[form];
}

let repositories = 0;

/** A repository name that no other test of this or of an earlier run uses. */
export function uniqueRepository(prefix: string): string {
  repositories += 1;
  return `${prefix}/${crypto.randomUUID().slice(0, 8)}-${repositories}`;
}

/** An ignored folder that lasts from run to run: for fetched programs. */
export function cacheDirectory(): string {
  return inject("cacheDirectory");
}
