/**
 * A repository in one step: keys, first metadata, first publication, and the root.json to hand over. Each step that was
 * done already is passed over, so a run that was cut goes on when it is run again.
 */
import { resolve } from "node:path";
import { MasterError, type CreatedKey, type Master } from "@dtuf/master";
import { writeFileAtomically } from "@dtuf/registry/files";
import type { Context, Run } from "../../context/command.ts";
import { hasMetadata, noteKeys } from "../reports/key-report.ts";
import { withNewMaster } from "../master/master.ts";
import { verifyPassphrases } from "../master/passphrase.ts";
import { rootText } from "../reports/root-report.ts";
import { reportPublication } from "../reports/publication-report.ts";
import { requiredFamilies } from "./required-families.ts";

export const run: Run = (context, [repo = ""]) =>
  withNewMaster(context, repo, async (master, place) => {
    try {
      const keys = await createMissingKeys(context, master);
      await createMissingMetadata(context, master);
      const { signal } = context.io;
      const isAbsent = (await master.status({ registry: "check", proposals: "skip", signal })).registry === "absent";
      const published = isAbsent ? await master.pushMetadata({ signal }) : undefined;
      const { terminal } = context;
      if (keys.length === 0 && published === undefined) {
        terminal.report(`${repo} is there already, at ${place}: no key and no release was made`);
      }
      if (published !== undefined && terminal.format === "text") await reportPublication(context, place, published);
      const root = await writeRoot(context, place, master);
      if (terminal.format === "json") await terminal.printJson({ place, keys, published, root });
    } catch (error) {
      const keys = await master.listKeys().catch(() => []);
      if (keys.length > 0 && !isExisting(error))
        context.terminal.note(`run ${context.program} init ${repo} again: it goes on where it stopped`);
      throw error;
    }
  });

async function createMissingMetadata(context: Context, master: Master): Promise<void> {
  try {
    await master.createMetadata({ signal: context.io.signal, requireFamilies: requiredFamilies(context) });
  } catch (error) {
    // Of this machine: the step was done. Of the registry: somebody else's repository is there.
    if (!isExisting(error) || !(await hasMetadata(master))) throw error;
  }
}

function isExisting(error: unknown): boolean {
  return MasterError.is(error) && error.code === "MASTER_METADATA_EXISTS";
}

/** What was created now. */
async function createMissingKeys(context: Context, master: Master): Promise<readonly CreatedKey[]> {
  const { signal } = context.io;
  const known = await master.listKeys();
  const online = (["targets", "snapshot", "timestamp"] as const).filter((role) => !known.includes(role));
  const isRootMissing = !known.includes("root");
  verifyPassphrases(context, [...(isRootMissing ? (["root"] as const) : []), ...online]);
  const root = isRootMissing ? [await master.createRootKey({ signal })] : [];
  await noteKeys(context, master, root);
  const others = online.length > 0 ? await master.createMetadataKeys({ roles: online, signal }) : [];
  await noteKeys(context, master, others);
  return [...root, ...others];
}

/** Resolves to the file's name. Clients are told the place, because their settings may name another registry, or none. */
async function writeRoot({ io, program, terminal, values }: Context, place: string, master: Master): Promise<string> {
  const file = values.text("output") || "root.json";
  const root = await master.rootFile();
  if (file === "-") await terminal.writeBytes(root);
  else {
    await writeFileAtomically(resolve(io.cwd, file), root);
    terminal.report(
      `wrote ${file}: ${rootText(root)}; ship it with your installer; clients run ${program} pull ${place} --root ${file}`,
    );
  }
  return file;
}
