/**
 * Settings -> who we are to a registry: what was given explicitly, then what docker's and podman's files and their helpers
 * hold, then the keychain where it is asked for. What was given explicitly is for one host and is never shown to another.
 */
import type { Credential, CredentialProvider } from "@dtuf/registry/remote";
import { resolve } from "node:path";
import type { Context } from "../context/command.ts";

/** @param named host[:port] that DTUF_USERNAME and the like are for, unless credentials-for says otherwise; undefined: none */
export async function findCredentials(context: Context, named: string | undefined): Promise<CredentialProvider> {
  const remote = await import("@dtuf/registry/remote");
  const { io, values } = context;
  const explicit = explicitCredential(context);
  const registry = values.text("credentials-for") || named;
  const helper = remote.createCredentialHelper({ environment: io.env });
  const config = values.text("registry-config");
  const home = { environment: io.env, home: io.home ?? "/", uid: io.userId };
  const places =
    config === undefined || config === ""
      ? remote.containersAuthPlaces(home)
      : [{ path: resolve(io.cwd, config), format: "config" as const }];
  return remote.chainCredentials([
    ...(explicit === undefined || registry === undefined
      ? []
      : [remote.createPatternCredentials([{ registry, credential: explicit }])]),
    ...(values.on("keychain") ? [remote.createKeychainCredentials()] : []),
    remote.createContainersAuthCredentials({ places, helper }),
  ]);
}

function explicitCredential({ io, values, variable }: Context): Credential | undefined {
  const secret = (name: "password" | "token" | "authorization"): string | undefined =>
    io.env[variable(name)] || undefined;
  const [token, authorization] = [secret("token"), secret("authorization")];
  const [username, password] = [values.text("username"), io.env[variable("password")]];
  if (token !== undefined) return { kind: "bearer", token };
  if (username !== undefined && password !== undefined) return { kind: "basic", username, password };
  return authorization === undefined ? undefined : { kind: "authorization", value: authorization };
}
