/** What needs doing, told from the record; from the registry only where that is asked for. */
import { latestTag } from "@dtuf/format";
import { parseUnverified, type RoleName, type TopLevelRole } from "@dtuf/tuf";
import { describeStaged } from "./documents/changes.ts";
import type { MasterStatus, StagedChanges } from "./contract.ts";
import { readSignedTargets } from "./push-target.ts";
import type { Session } from "./state/session.ts";
import { dueRoles } from "./release/sign.ts";

/** Of the top-level roles, then of those that they delegate to. */
export async function readExpirations(session: Session): Promise<ReadonlyMap<TopLevelRole | RoleName, Date>> {
  const { head, roots, stagedRoots, delegated } = session.state();
  const root = [...roots, ...stagedRoots].at(-1);
  const records = [
    ["root", root],
    ["targets", head.targets],
    ["snapshot", head.snapshot],
    ["timestamp", head.timestamp],
  ] as const;
  const expirations = new Map<TopLevelRole | RoleName, Date>();
  for (const [role, record] of records) {
    if (record !== undefined)
      expirations.set(role, parseUnverified(await session.files.readMetadata(record), role).expires);
  }
  for (const { role, expires } of delegated) expirations.set(role, expires);
  return expirations;
}

export async function readStagedChanges(session: Session): Promise<StagedChanges> {
  const state = session.state();
  return {
    targets: describeStaged(await readSignedTargets(session), await session.files.readStaged(state)),
    roles: [...(await session.files.readStagedRoles(state)).keys()],
    roots: state.stagedRoots.map(({ version }) => version),
  };
}

export async function readStatus(
  session: Session,
  { withinMs, registry }: { readonly withinMs?: number | undefined; readonly registry?: "check" | "skip" | undefined },
): Promise<MasterStatus> {
  const { head, roots, published } = session.state();
  const roles = [...(await readExpirations(session))].map(([role, expires]) => ({ role, expires }));
  return {
    due: dueRoles(roles, session, withinMs),
    staged: await readStagedChanges(session),
    versions:
      published === undefined
        ? "never"
        : {
            root: roots.at(-1)?.version ?? 0,
            timestamp: head.timestamp.version,
            snapshot: head.snapshot.version,
            targets: head.targets.version,
          },
    registry: registry === "check" ? await compareRegistry(session) : "unchecked",
  };
}

async function compareRegistry(session: Session): Promise<MasterStatus["registry"]> {
  const { store, signal } = session;
  const latest = await store.resolve(latestTag, { want: "digest", signal });
  if (latest === undefined) return "absent";
  return latest.descriptor.digest === session.state().published ? "same" : "other";
}
