/** A TUF repository on the stage's registry, as a release engineer makes it. */
import { join } from "node:path";
import type { Stage } from "./stage.ts";

export interface Published {
  /** The pin for clients. */
  readonly root: string;
}

/** Keys and metadata, and, where there are targets (name and files), a release with them. */
export async function publisher(
  stage: Stage,
  repository: string,
  targets: readonly (readonly string[])[] = [],
): Promise<Published> {
  for (const verb of ["create-root-key", "create-metadata-keys", "create-metadata"]) {
    await stage.must(stage.dtuf([verb, repository]));
  }
  for (const words of targets) await stage.must(stage.dtuf(["push-target", repository, ...words]));
  const root = join(stage.directory, `${repository.replace("/", "-")}.root.json`);
  if (targets.length === 0) return { root };
  await stage.must(stage.dtuf(["push-metadata", repository]));
  await stage.must(stage.dtuf(["get-root", repository, "--output", root]));
  await stage.must(stage.dtuf(["pull-metadata", repository, root]));
  return { root };
}
