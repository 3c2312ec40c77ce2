/** The credentials of the person who runs the program: what `docker login`, `podman login` and their helpers keep. */
import { homedir } from "node:os";
import { containersAuthPlaces, createContainersAuthCredentials } from "./containers-auth.ts";
import { createCredentialHelper } from "./credential-helper.ts";
import type { CredentialProvider } from "./credentials.ts";

export interface HomeCredentialsOptions {
  /**
   * `process.env`, or what stands for it. `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR` and `XDG_CONFIG_HOME`
   * name the files; `PATH` names the directories of credential helpers. Default: none of them is set, and helpers are
   * looked for in the system's own directories.
   */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: the user's home directory. */
  readonly home?: string | undefined;
}

/**
 * Docker's `config.json` and the containers tools' `auth.json`, read again at each `find`, because a login may happen at
 * any time. Files that do not exist are passed over.
 * @throws OciError OCI_CREDENTIALS_UNAVAILABLE, from `find`, if a file or a helper that is named does not work
 */
export function createHomeCredentials(options: HomeCredentialsOptions = {}): CredentialProvider {
  const { environment = systemPath, home = homedir() } = options;
  const helper = createCredentialHelper({ environment });
  return createContainersAuthCredentials({ places: containersAuthPlaces({ environment, home }), helper });
}

const systemPath = { PATH: "/usr/local/bin:/usr/bin:/bin" };
