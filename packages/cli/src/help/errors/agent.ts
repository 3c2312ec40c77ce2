import type { AgentErrorCode } from "@dtuf/agent";
import { noRisk, type ErrorEntries } from "./entry.ts";

export const agentErrors: ErrorEntries<AgentErrorCode> = {
  AGENT_RELEASE_INVALID: {
    cause: "A version is not semantic versioning, or another field of a release is malformed.",
    risk: "None: such a release is not published, and machines do not install it.",
    mend: "Mend the field that the message names: `1.4.0`, `linux/amd64`, `2030-01-02T03:04:05Z`.",
  },
  AGENT_RELEASE_AMBIGUOUS: {
    cause: "One version of a release is published twice for the same platform.",
    risk: "Machines could not know which of the two they have. They install neither.",
    mend: "Publish other content under a new version; remove one of the two with `dtuf del-target`.",
  },
  AGENT_RELEASE_UNKNOWN: {
    cause: "The repository has no release of this name, or not this version of it.",
    risk: noRisk,
    mend: "`dtuf list-master-targets <repo> --json` shows the releases in `custom`.",
  },
  AGENT_CHANNEL_UNKNOWN: {
    cause: "There are releases of this name, but none in the channels of the machine.",
    risk: "The machine gets no update until it follows another channel.",
    mend: "Check the spelling of the channel in the agent's settings.",
  },
};
