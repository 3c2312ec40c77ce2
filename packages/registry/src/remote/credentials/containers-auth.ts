/** `auth.json` of the containers tools (podman, skopeo, buildah): several files, of which the first with an entry for the registry wins. */
import { join } from "node:path";
import { findInAuthFile, readAuthFile, type AuthFileFormat } from "./auth-file.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import type { CredentialProvider } from "./credentials.ts";
import { dockerConfigPath, type HomeOptions } from "./docker-config.ts";

export interface AuthPlace {
  readonly path: string;
  readonly format: AuthFileFormat;
}

export interface ContainersPlacesOptions extends HomeOptions {
  /** The user's id, on systems that keep a directory for a user's session (Linux). */
  readonly uid?: number | undefined;
}

/** Files in the order of containers-auth.json(5), Docker's own files last. `REGISTRY_AUTH_FILE` replaces all of them. */
export function containersAuthPlaces({ environment, home, uid }: ContainersPlacesOptions): readonly AuthPlace[] {
  const only = environment["REGISTRY_AUTH_FILE"];
  if (only) return [{ path: only, format: "config" }];
  const file = join("containers", "auth.json");
  const runtime = environment["XDG_RUNTIME_DIR"];
  const session = runtime ? join(runtime, file) : `/run/containers/${uid}/auth.json`;
  const paths = [
    ...(runtime || uid !== undefined ? [session] : []),
    join(environment["XDG_CONFIG_HOME"] || join(home, ".config"), file),
    dockerConfigPath({ environment, home }),
  ];
  return [
    ...paths.map((path) => ({ path, format: "config" as const })),
    { path: join(home, ".dockercfg"), format: "dockercfg" },
  ];
}

/**
 * Credentials from files in the containers tools' format: the first file with an entry for the registry wins. The files are
 * read at each `find`.
 * @throws, from `find`, OciError OCI_CREDENTIALS_UNAVAILABLE
 */
export function createContainersAuthCredentials(options: {
  readonly places: readonly AuthPlace[];
  readonly helper: CredentialHelper;
}): CredentialProvider {
  return {
    async find(target) {
      for (const { path, format } of options.places) {
        const file = await readAuthFile(path, format);
        const found = file && (await findInAuthFile(file, target, options.helper));
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
