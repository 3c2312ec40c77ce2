/**
 * When the delegated roles expire. They are signed elsewhere, but an expired one is an outage too, so the publisher
 * keeps their dates in its record. Each version of a role is read once, by the digest in the signed snapshot.
 */
import { parseUnverified, type MetaFile, type RoleName, type Snapshot, type Targets } from "@dtuf/tuf";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import { readable } from "../published/history.ts";
import { delegatedRecordsMax } from "../limits.ts";
import { readRoleFile } from "../published/role-file.ts";
import type { Operation } from "../state/operation.ts";
import type { DelegatedRecord } from "../state/state.ts";

export interface DelegatedSources {
  readonly targets: Targets;
  readonly snapshot: Snapshot;
  /** The roles whose documents are already loaded. */
  readonly files: readonly DelegatedFile[];
}

/**
 * The roles that the top-level one lists. A role whose file cannot be read is left out, because the dates only inform
 * the user.
 */
export async function readDelegated(
  operation: Operation,
  sources: DelegatedSources,
): Promise<readonly DelegatedRecord[]> {
  const { delegations } = sources.targets;
  const roles = delegations?.kind === "listed" ? delegations.roles.slice(0, delegatedRecordsMax) : [];
  const records: DelegatedRecord[] = [];
  for (const { name: role } of roles) {
    const meta = sources.snapshot.meta.get(`${role}.json`);
    if (meta === undefined) continue;
    const expires =
      findKnown(operation, sources, { role, meta }) ?? (await readable(() => readExpiry(operation, meta)));
    if (expires !== undefined) records.push({ role, version: meta.version, expires });
  }
  return records;
}

function findKnown(
  { record }: Operation,
  { files }: DelegatedSources,
  { role, meta: { version } }: { readonly role: RoleName; readonly meta: MetaFile },
): Date | undefined {
  const file = files.find((other) => other.name === role && other.version === version);
  const known = record?.delegated.find((other) => other.role === role && other.version === version);
  return file?.document.expires ?? known?.expires;
}

async function readExpiry(operation: Operation, meta: MetaFile): Promise<Date | undefined> {
  const file = await readRoleFile(operation, meta);
  return file === undefined ? undefined : parseUnverified(file, "targets").expires;
}
