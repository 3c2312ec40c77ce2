/** Where login puts a password: the configured helper, the keychain where it is asked for, else plain text, said so. */
import { resolve } from "node:path";
import { parseRegistryHost } from "@dtuf/registry";
import type { CredentialPlace } from "@dtuf/registry/remote";
import type { Context } from "../../context/command.ts";
import { UsageError } from "../../context/usage.ts";

/** @throws UsageError where no registry is named */
export function loginHost({ values, variable }: Context, named: string | undefined): string {
  const host = named ?? values.text("host");
  if (host === undefined || host === "" || host.startsWith("oci:")) {
    throw new UsageError("no registry to log in to", `name it, or set ${variable("host")}`);
  }
  return parseRegistryHost(host);
}

/** Undefined: only plain text is left. */
export async function findCredentialPlace(context: Context, host: string): Promise<CredentialPlace | undefined> {
  const remote = await import("@dtuf/registry/remote");
  if (context.values.on("keychain")) return { kind: "keychain", keychain: await remote.openKeychain() };
  const name = await remote.findConfiguredHelper(await configPath(context), host);
  if (name === undefined) return undefined;
  return { kind: "helper", name, helper: remote.createCredentialHelper({ environment: context.io.env }) };
}

export async function configPath({ io, values }: Context): Promise<string> {
  const named = values.text("registry-config");
  if (named !== undefined && named !== "") return resolve(io.cwd, named);
  const { dockerConfigPath } = await import("@dtuf/registry/remote");
  return dockerConfigPath({ environment: io.env, home: io.home ?? "/" });
}
