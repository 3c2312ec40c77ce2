/** Settings -> who we are to a registry: what was said outright first, then what docker, podman or the keychain hold. */
import type { CredentialProvider } from "@dtuf/registry/remote";
import type { Context } from "./command.ts";

export async function findCredentials(context: Context): Promise<CredentialProvider> {
  const remote = await import("@dtuf/registry/remote");
  const { io, values } = context;
  const secret = (name: "password" | "token" | "authorization"): string | undefined => io.env[context.variable(name)];
  const [username, password, token] = [values.text("username"), secret("password"), secret("token")];
  const authorization = secret("authorization");
  if (token !== undefined && token !== "") return remote.createStaticCredentials({ kind: "bearer", token });
  if (username !== undefined && password !== undefined) {
    return remote.createStaticCredentials({ kind: "basic", username, password });
  }
  if (authorization !== undefined && authorization !== "") {
    return remote.createStaticCredentials({ kind: "authorization", value: authorization });
  }
  return remote.chainCredentials([]);
}
