/** Docker's `config.json`. */
import { join } from "node:path";
import { findInAuthFile, readAuthFile } from "./auth-file.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import type { CredentialProvider } from "./credentials.ts";

export interface HomeOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** Path of `config.json` in `DOCKER_CONFIG` or `~/.docker`. */
export function dockerConfigPath({ environment, home }: HomeOptions): string {
  return join(environment["DOCKER_CONFIG"] || join(home, ".docker"), "config.json");
}

/** The file is read again at each `find`, because `docker login` may run at any time. */
export function createDockerConfigCredentials(options: {
  readonly path: string;
  readonly helper: CredentialHelper;
}): CredentialProvider {
  return {
    async find(target) {
      const file = await readAuthFile(options.path);
      return file && findInAuthFile(file, target, options.helper);
    },
  };
}

/**
 * Reads `HttpHeaders`: headers that the user sends to registries, in addition to credentials. Empty if there is no file.
 * @throws OciError OCI_CREDENTIALS_UNAVAILABLE
 */
export async function readDockerHeaders(path: string): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await readAuthFile(path))?.headers ?? []);
}
