/** The file of settings that was named on the command line. */
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { FileError, findChangeable, isErrno } from "@dtuf/registry/files";
import type { Context } from "../../context/command.ts";
import { readInput, verifyIsThere } from "../../context/input-file.ts";
import { AgentUsageError } from "../../context/usage.ts";
import { baseOf, parseAgentConfig, type AgentConfig } from "./config.ts";

const configMaxBytes = 256 * 1024;

/**
 * A file that cannot be read is a usage error: started again, a service would find it as it is.
 * @throws UsageError; AgentUsageError AGENT_CONFIG_INVALID; FileError of the disk
 */
export async function readAgentConfig(context: Context, file: string): Promise<AgentConfig> {
  const { io } = context;
  try {
    if (file !== "-") await verifyIsThere(io, file);
    // Before it is read: who cannot change it now cannot have it read in another form.
    if (file !== "-" && io.platform !== "win32") await verifyOwn(resolve(io.cwd, file));
    const bytes = await readInput(context, file, configMaxBytes);
    return parseAgentConfig(bytes, file === "-" ? "stdin" : file, baseOf(io.cwd, file));
  } catch (error) {
    if (!FileError.is(error) || !isOfFile(error)) throw error;
    throw new AgentUsageError("AGENT_CONFIG_INVALID", error.message, "name a file that this user may read");
  }
}

function isOfFile({ code, cause }: FileError): boolean {
  const isOther = code === "FILE_NOT_REGULAR" || code === "FILE_TOO_LARGE";
  return isOther || isErrno(cause, "EACCES", "EPERM", "EISDIR", "ELOOP", "ENAMETOOLONG");
}

/** The file names programs that are started, so other users must not change it, nor put another one in its place. */
async function verifyOwn(path: string): Promise<void> {
  const found = await findChangeable(path, userInfo().uid);
  if (found === undefined) return;
  throw new AgentUsageError(
    "AGENT_CONFIG_INVALID",
    `${found.path} can be changed by other users of this machine, and ${path} names programs that are started`,
    `chmod go-w ${found.path}, owned by the user that runs the agent`,
  );
}
