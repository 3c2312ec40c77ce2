import type { AgentErrorCode } from "@dtuf/agent";
import type { AgentUsageErrorCode } from "../../context/usage.ts";
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
  AGENT_ROLLOUT_DOWN: {
    cause: "A rollout would go down.",
    risk: "Machines that have the release keep it: a smaller rollout takes nothing back.",
    mend: "`dtuf revoke-release` takes a release back; `--force` makes the rollout smaller all the same.",
  },
  AGENT_STAGED_DIFFERS: {
    cause: "The staged bytes are not the signed ones any more.",
    risk: "Something changed the file between its verification and its installation. It was not installed, and it was removed.",
    mend: "Look who may write to the agent's directory; then check and stage again.",
  },
  AGENT_NOT_PENDING: {
    cause: "The call does not fit what is pending: nothing is staged, or nothing waits for a confirmation.",
    risk: noRisk,
    mend: "Ask the agent for what is pending first.",
  },
  AGENT_NO_PREDECESSOR: {
    cause: "There is no previous version to go back to.",
    risk: "None: the installed version stays.",
    mend: "Publish a newer version, or revoke the bad one with `dtuf revoke-release`.",
  },
  AGENT_UNHEALTHY: {
    cause: "The new version was not healthy within its deadline.",
    risk: "None: what was there before is installed again, also if its version is not known, and this machine does not take the new one again by itself. If there was nothing, the new version stays until a newer one comes.",
    mend: "Find out why the health check failed, and publish a newer version.",
  },
  AGENT_HELD: {
    cause: "The user or the machine does not allow a download or an installation now; `details.reason` says why.",
    risk: "None: the installed version stays. A wait that never ends keeps a machine from repairs.",
    mend: "Wait until `details.until`, or let a person ask: `isAsked` does not wait.",
  },
  AGENT_WINDOW_INVALID: {
    cause: "The hours in which versions may be installed are not two different times such as 22:00 and 05:00.",
    risk: noRisk,
    mend: "Mend `from` and `to` of the window.",
  },
  AGENT_STALLED: {
    cause: "No byte of a download arrived for the stall timeout.",
    risk: noRisk,
    mend: "Try again later: the download goes on where it stopped.",
  },
  AGENT_ARCHIVE_INVALID: {
    cause:
      "An archive has a link or a name that leads out of it, an entry of a kind that is not installed, or is too large.",
    risk: "Such names are a known attack on unpackers. Nothing was written outside, and nothing was installed.",
    mend: "Make the archive from files, directories and links within it alone.",
  },
  AGENT_PLACE_UNSAFE: {
    cause:
      "The updater runs as root, and others may write to its directory, to a directory of the installation, or to one above these.",
    risk: "Another user could exchange what root installs. Nothing was installed.",
    mend: "Let root own the directory that the message names, and nobody else write to it: `chown root`, `chmod go-w`.",
  },
  AGENT_UNSUPPORTED: {
    cause: "This version of Node cannot unpack the archive's compression.",
    risk: "None: the installed version stays.",
    mend: "Publish the archive as tar, tar.gz or zip, or run the agent on Node 22.15 or newer.",
  },
  AGENT_STATE_FOREIGN: {
    cause:
      "The agent's state was written by another version of dtuf, or is not a state; or a file `current` in the directory of an archive is not the agent's.",
    risk: "The agent does not know what is installed. It changes nothing.",
    mend: "Run the version that wrote it, or remove `agent.json`; the installed version is then unknown until the next update. Move `current` away, or install to another directory.",
  },
};

/** Of `dtuf agent`: its settings, and commands to it. */
export const agentUsageErrors: ErrorEntries<AgentUsageErrorCode> = {
  AGENT_CONFIG_INVALID: {
    cause:
      "A file of settings has an unknown key, a key twice, or a wrong value, or names a program that cannot be started.",
    risk: noRisk,
    mend: "Mend the line that the message names; docs/agent.md describes each key.",
  },
  AGENT_COMMAND_INVALID: {
    cause:
      "A line that a program gave to an agent is not a JSON object with an id and a command, or lacks what the command needs.",
    risk: "None: nothing was done.",
    mend: "docs/schema/agent-lines.json has the form of each command.",
  },
  AGENT_COMMAND_UNKNOWN: {
    cause: "A program gave an agent a command that this version does not know.",
    risk: "None: nothing was done.",
    mend: "The agent's first line, `hello`, lists the commands that it knows.",
  },
  AGENT_BUSY: {
    cause: "A program gave an agent more commands than may wait.",
    risk: "None: this command was not done; those before it are.",
    mend: "Wait for an answer before the next command.",
  },
};
