/** The credentials of the user who runs the program, as `docker login`, `podman login` and their helpers store them. */
import { homedir } from "node:os";
import { containersAuthPlaces, createContainersAuthCredentials } from "./containers-auth.ts";
import { createCredentialHelper } from "./credential-helper.ts";
import type { CredentialProvider } from "./credentials.ts";

export interface HomeCredentialsOptions {
  /**
   * `process.env` or a replacement. `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR` and `XDG_CONFIG_HOME`
   * name the files; `PATH` names the directories of credential helpers. Default: none of them is set, and helpers are
   * searched in the system's standard directories.
   */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: the user's home directory. */
  readonly home?: string | undefined;
}

/**
 * Docker's `config.json` and the containers tools' `auth.json`, read again at each `find`, because a login may happen at
 * any time. Missing files are skipped.
 * @throws OciError OCI_CREDENTIALS_UNAVAILABLE, from `find`, if a file or a configured helper does not work
 */
export function createHomeCredentials(options: HomeCredentialsOptions = {}): CredentialProvider {
  const { environment = systemPath, home = homedir() } = options;
  const helper = createCredentialHelper({ environment });
  return createContainersAuthCredentials({ places: containersAuthPlaces({ environment, home }), helper });
}

const systemPath = { PATH: "/usr/local/bin:/usr/bin:/bin" };
