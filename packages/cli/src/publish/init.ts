/**
 * A repository in one step: keys, first metadata, first publication, and the root.json to hand over. Each step that was
 * done already is passed over, so a run that was cut goes on when it is run again.
 */
import { resolve } from "node:path";
import { MasterError, type Master } from "@dtuf/master";
import { writeFileAtomically } from "@dtuf/registry/files";
import type { Context, Run } from "../context/command.ts";
import { reportKeys } from "./reports/key-report.ts";
import { withMaster } from "./master.ts";
import { reportPublication } from "./reports/publication-report.ts";
import { requiredFamilies } from "./required-families.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master, place) => {
    const { signal } = context.io;
    await createMissingKeys(context, master);
    try {
      await master.createMetadata({ signal, requireFamilies: requiredFamilies(context) });
    } catch (error) {
      // Of this machine: the step was done. Of the registry: somebody else's repository is there.
      const isOurs = MasterError.is(error) && error.code === "MASTER_METADATA_EXISTS" && (await hasMetadata(master));
      if (!isOurs) throw error;
    }
    if ((await master.status({ registry: "check", signal })).registry === "absent") {
      await reportPublication(context, place, await master.pushMetadata({ signal }));
    }
    await writeRoot(context, repo, master);
  });

async function createMissingKeys(context: Context, master: Master): Promise<void> {
  const { signal } = context.io;
  const known = await master.listKeys();
  if (!known.includes("root")) await reportKeys(context, [await master.createRootKey({ signal })]);
  const online = (["targets", "snapshot", "timestamp"] as const).filter((role) => !known.includes(role));
  if (online.length > 0) await reportKeys(context, await master.createMetadataKeys({ signal }));
}

function hasMetadata(master: Master): Promise<boolean> {
  return master.rootFile().then(
    () => true,
    () => false,
  );
}

async function writeRoot({ io, program, terminal, values }: Context, repo: string, master: Master): Promise<void> {
  const file = values.text("output") || "root.json";
  const root = await master.rootFile();
  if (file === "-") return terminal.writeBytes(root);
  await writeFileAtomically(resolve(io.cwd, file), root);
  terminal.report(`wrote ${file}: ship it with your installer; clients run ${program} pull ${repo} --root ${file}`);
}
