/** Moves the state to a copy of the repository on another registry. The pinned root, the record and the keys stay. */
import { openBase } from "./open-base.ts";
import type { PublishOptions } from "../contract/contract.ts";
import { MasterError } from "../errors.ts";
import { verifyPromises } from "../published/presence.ts";
import { findPublished } from "../published/published.ts";
import type { Operation } from "../state/operation.ts";
import { verifyClock } from "./client-view.ts";

/** @param operation on the new place. The state does not change until the new place was verified as a base. */
export async function move(operation: Operation, choice: Pick<PublishOptions, "expectSnapshot">): Promise<void> {
  const { published, attempt } = operation.state();
  verifyClock(operation);
  const found = await findPublished(operation);
  if (found === undefined && (published ?? attempt) !== undefined) {
    const { place } = operation;
    throw new MasterError("MASTER_METADATA_UNAVAILABLE", `nothing is published at ${place}: carry it there first`, {
      details: { place },
    });
  }
  if (found !== undefined) {
    const base = await openBase(operation, choice);
    await verifyPromises(operation, { targets: base.targets.signed, snapshot: base.snapshot.signed, files: [] });
  }
  await operation.save({ ...operation.state(), place: operation.place });
}
