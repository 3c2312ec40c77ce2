/** Of releases and roles that several people sign. */
import type { MasterErrorCode } from "@dtuf/master";
import { noRisk, type ErrorEntries } from "./entry.ts";

export type TeamCode =
  | Extract<MasterErrorCode, `MASTER_PROPOSAL_${string}`>
  | "MASTER_NOTHING_STAGED"
  | "MASTER_PATH_NOT_DELEGATED";

export const teamErrors: ErrorEntries<TeamCode> = {
  MASTER_PROPOSAL_UNKNOWN: {
    cause: "The registry has no open proposal of this name: it was published, withdrawn, or never made.",
    risk: noRisk,
    mend: "Ask who made it for its name and its registry.",
  },
  MASTER_PROPOSAL_INVALID: {
    cause:
      "A proposal's files are not those that its statement names, or they or the file of a role break a rule of TUF, for example by delegating to a role that belongs to somebody else.",
    risk: "A faulty tool, or somebody who exchanged files in the registry. Nothing was signed.",
    mend: "Have it proposed again, or the file signed again without that; tell the other signers.",
  },
  MASTER_PROPOSAL_OUTDATED: {
    cause: "Something else was published since the proposal was made.",
    risk: "None: signing it would have undone what was published. Nothing was signed.",
    mend: "Have it proposed again, on what is published now.",
  },
  MASTER_PROPOSAL_REPLAYED: {
    cause: "A proposal is older than one that was seen or signed here.",
    risk: "A registry that shows an old proposal could have old content signed. Nothing was signed.",
    mend: "Ask who made it, by another way than the registry, which one is the newest.",
  },
  MASTER_PROPOSAL_CHANGED: {
    cause: "A proposal differs from the one that was seen, signed or expected under the same number.",
    risk: "Somebody exchanged it after it was looked at. Nothing was signed.",
    mend: "Ask who made it, by another way than the registry; look at it again before signing.",
  },
  MASTER_NOTHING_STAGED: {
    cause: "There is nothing staged to propose.",
    risk: noRisk,
    mend: "Stage a change first: `dtuf push-target <repo> <target> <file>`.",
  },
  MASTER_PATH_NOT_DELEGATED: {
    cause: "A delegated role lists a target that its delegations do not allow.",
    risk: "Clients would not take that target from the role. Nothing was published.",
    mend: "Take another name, or have the role delegated more: `dtuf delegate-role <repo> <role> FILE --path PATTERN`.",
  },
};
