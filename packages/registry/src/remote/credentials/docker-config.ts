/** Docker's `config.json`. */
import { join } from "node:path";
import { findInAuthFile, readAuthFile } from "./auth-file.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import type { CredentialProvider } from "./credentials.ts";

export interface HomeOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** `config.json` in `DOCKER_CONFIG` or `~/.docker`. */
export function dockerConfigPath({ environment, home }: HomeOptions): string {
  return join(environment["DOCKER_CONFIG"] || join(home, ".docker"), "config.json");
}

/** Read again at each `find`: `docker login` may run at any time. */
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
 * `HttpHeaders`: what the user wants sent to registries, beside credentials. Empty where there is no file.
 * @throws OciError OCI_CREDENTIALS_UNAVAILABLE
 */
export async function readDockerHeaders(path: string): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await readAuthFile(path))?.headers ?? []);
}
