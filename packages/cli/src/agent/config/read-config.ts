/** The file of settings that was named on the command line. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "../../context/command.ts";
import { readInput } from "../../context/input-file.ts";
import { AgentUsageError } from "../../context/usage.ts";
import { baseOf, parseAgentConfig, type AgentConfig } from "./config.ts";

const configMaxBytes = 256 * 1024;
const writableByAll = 0o002;

/** @throws UsageError; AgentUsageError AGENT_CONFIG_INVALID; FileError */
export async function readAgentConfig(context: Context, file: string): Promise<AgentConfig> {
  const { io } = context;
  const bytes = await readInput(context, file, configMaxBytes);
  if (file !== "-" && io.platform !== "win32") await verifyOwn(resolve(io.cwd, file), file);
  return parseAgentConfig(bytes, file === "-" ? "stdin" : file, baseOf(io.cwd, file));
}

/** The file names programs that are started, so not everybody may change it. */
async function verifyOwn(path: string, file: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & writableByAll) === 0) return;
  throw new AgentUsageError(
    "AGENT_CONFIG_INVALID",
    `${file} can be changed by every user of this machine, and it names programs that are started`,
    `chmod o-w ${file}`,
  );
}
