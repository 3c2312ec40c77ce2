/** Settings -> a publisher, for as long as a command needs it. */
import { createMaster, type Master, type Previews } from "@dtuf/master";
import type { TopLevelRole } from "@dtuf/tuf";
import type { Context } from "../../context/command.ts";
import { tellWait } from "../../connection/lock-wait.ts";
import { openRepository } from "../../connection/connection.ts";
import { readKeyType } from "./key-type.ts";
import { openSigners } from "../../signers/open-signers.ts";
import { addNear } from "../../targets/near-names.ts";
import { createPassphrases } from "./passphrase.ts";
import { stateDirectory, type StateRoot } from "../../connection/place.ts";
import { createRepositoriesRoot, repositoriesRoot } from "../../connection/repositories-root.ts";

export type Publisher = Master & Previews;

/** Without a state the command fails, and leaves no directory in the place where it was called. */
export async function withMaster<Result>(
  context: Context,
  repo: string,
  work: (master: Publisher, place: string) => Promise<Result>,
): Promise<Result> {
  return openMaster(context, { repo, root: repositoriesRoot }, work);
}

/** For commands that begin a state: they create its directory. */
export async function withNewMaster<Result>(
  context: Context,
  repo: string,
  work: (master: Publisher, place: string) => Promise<Result>,
): Promise<Result> {
  return openMaster(context, { repo, root: (given) => createRepositoriesRoot(given, "keys and state") }, work);
}

/** For commands that only read the state: they do not create its directory. */
export async function lookAtMaster<Result>(
  context: Context,
  repo: string,
  work: (master: Publisher, place: string) => Promise<Result>,
): Promise<Result> {
  return openMaster(context, { repo, root: repositoriesRoot }, work);
}

/** With `--dry-run` the state is only read. */
export function tryMaster<Result>(
  context: Context,
  repo: string,
  work: (master: Publisher, place: string) => Promise<Result>,
): Promise<Result> {
  return (context.values.on("dry-run") ? lookAtMaster : withMaster)(context, repo, work);
}

interface Opening {
  readonly repo: string;
  readonly root: (context: Context) => StateRoot | Promise<StateRoot>;
}

async function openMaster<Result>(
  context: Context,
  { repo, root }: Opening,
  work: (master: Publisher, place: string) => Promise<Result>,
): Promise<Result> {
  const { io, values } = context;
  const connection = await openRepository(context, repo);
  const concurrency = values.count("concurrency");
  try {
    const master = createMaster({
      store: connection.store,
      place: connection.name,
      directory: stateDirectory(await root(context), connection.place.repository, "master"),
      now: io.now,
      lifetimesMs: lifetimes(context),
      passphrase: createPassphrases(context),
      keyType: readKeyType(values),
      signers: await openSigners(context),
      onLockWait: tellWait(context),
      concurrency,
    });
    await noteUnusedLifetimes(context, master);
    return await work(master, connection.name).catch(async (error: unknown) => {
      await addNear(error, {
        targets: async () => (await master.listTargetFiles({ bins: "skip" })).keys(),
        roles: async () => (await master.listRoleKeys()).map(({ role }) => role),
        owners: async (role) =>
          (await master.listRoleKeys())
            .filter((listed) => listed.role === role)
            .flatMap(({ keys }) => keys.flatMap(({ owner }) => owner ?? [])),
        proposals: async () => (await master.listProposals({ signal: io.signal })).map(({ name }) => name),
      });
      throw error;
    });
  } finally {
    await connection.close();
  }
}

/** What the metadata says counts on every machine, so that two of them never sign with different lifetimes. */
async function noteUnusedLifetimes(context: Context, master: Master): Promise<void> {
  const given = Object.keys(lifetimes(context));
  if (given.length === 0) return;
  for (const [role, { expiryDays }] of await master.listPeriods({ signal: context.io.signal })) {
    if (!given.includes(role)) continue;
    const setting = context.values.given(`${role}-lifetime`);
    context.terminal.note(
      `${setting} is not used: the metadata says that ${role} is valid for ${expiryDays} days; set-periods changes it`,
    );
  }
}

function lifetimes({ values }: Context): Partial<Record<TopLevelRole, number>> {
  const roles = ["root", "targets", "snapshot", "timestamp"] as const;
  return Object.fromEntries(
    roles.flatMap((role) => {
      const given = values.durationMs(`${role}-lifetime`);
      return given === undefined ? [] : [[role, given]];
    }),
  );
}
