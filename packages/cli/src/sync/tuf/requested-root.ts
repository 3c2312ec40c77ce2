/** From which root a repository is verified: the file that was named, else what this machine has pinned for it. */
import { createCopy, CopyError } from "@dtuf/copy";
import { stateDirectory } from "../../connection/place.ts";
import { repositoriesRoot } from "../../connection/repositories-root.ts";
import type { Context } from "../../context/command.ts";
import { readRootFile } from "../../context/input-file.ts";
import { UsageError } from "../../context/usage.ts";

/** @throws UsageError if there is neither; FileError */
export async function readRequestedRoot(
  context: Context,
  repository: string | undefined,
  setting: "tuf" | "root" = "tuf",
): Promise<Uint8Array> {
  const file = context.values.text(setting) || undefined;
  if (file !== undefined) return readRootFile(context, file);
  const pin = repository === undefined ? undefined : await findPin(context, repository);
  if (pin !== undefined) return pin;
  const where = repository === undefined ? "" : `, and this machine has pinned no root of ${repository}`;
  throw new UsageError(
    `no root to verify from was given${where}`,
    `name the root that was handed over: --${setting} root.json`,
  );
}

async function findPin(context: Context, repository: string): Promise<Uint8Array | undefined> {
  const copy = createCopy({
    source: { sites: [] },
    place: repository,
    directory: stateDirectory(repositoriesRoot(context), repository, "copy"),
    now: context.io.now,
  });
  try {
    const [pin] = await copy.trustedFiles();
    return pin?.bytes;
  } catch (error) {
    if (CopyError.is(error) && error.code === "COPY_NOT_PINNED") return undefined;
    throw error;
  }
}
