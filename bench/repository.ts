/** A TUF repository on the stage's registry, as a release engineer makes it. */
import { join } from "node:path";
import { pushers } from "./contenders.ts";
import { createFile, createLayout, type BenchFile } from "./content.ts";
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

/** A new file in a new repository: as the target `large`, and as the image that other clients pull. */
export async function publishFile(
  stage: Stage,
  directory: string,
  bytes: number,
): Promise<{ readonly repository: string; readonly file: BenchFile }> {
  const file = await createFile(join(directory, "large"), bytes);
  const layout = join(directory, "layout");
  await createLayout(layout, [file]);
  const repository = stage.repository();
  const pusher = pushers(stage, async () => ({ repository, files: [file], layout }))[0];
  if (pusher !== undefined) await stage.must(await pusher.prepare());
  await publisher(stage, repository, [["large", file.path]]);
  return { repository, file };
}
