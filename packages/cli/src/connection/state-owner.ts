/** A state has the repository's name, or the last name of a layout's directory, so two repositories can come to one state. */
import { CopyError, type Copy } from "@dtuf/copy";
import { isTopLevelRole, TufError } from "@dtuf/tuf";

export interface StateOwner {
  /** Of the state. */
  readonly name: string;
  /** Below which it is. */
  readonly directory: string;
  /** The place of its last refresh, which is not the one that is asked now. */
  readonly place: string;
}

/** Undefined: the state is of the place that is asked, or nothing was pulled yet. */
export type FindStateOwner = () => Promise<StateOwner | undefined>;

export function createFindStateOwner(copy: Copy, asked: StateOwner): FindStateOwner {
  return async () => {
    const place = await findRecordedPlace(copy);
    return place === undefined || place === asked.place ? undefined : { ...asked, place };
  };
}

export async function findRecordedPlace(copy: Copy): Promise<string | undefined> {
  const state = await copy.inspect().catch(() => undefined);
  return state?.place;
}

/** Adds `details.stateOf` to an error that another repository than the state's explains; the hint names it. */
export async function addStateOwner(error: unknown, findOwner: FindStateOwner): Promise<void> {
  if (!isOfOtherRepository(error)) return;
  const stateOf = await findOwner();
  if (stateOf === undefined) return;
  Object.defineProperty(error, "details", { value: { ...error.details, stateOf }, enumerable: true });
}

function isOfOtherRepository(error: unknown): error is CopyError | TufError {
  if (CopyError.is(error)) return error.code === "COPY_PIN_OTHER_CHAIN" || error.code === "COPY_PIN_OLDER";
  if (!TufError.is(error)) return false;
  return error.code === "TUF_THRESHOLD_NOT_MET" && isTopLevelRole(String(error.details["role"]));
}
