/** Staged bytes are read again before they are used: a file may change after it was verified. */
import { createDigester, digestHex, freeing, type ByteStream } from "@dtuf/registry";
import { findRegularFile, readRegularFile } from "@dtuf/registry/files";
import { AgentError } from "../errors.ts";
import type { InstallOptions } from "./installation.ts";
import type { InstalledVersion } from "../state/agent-state.ts";

/** What a staged file must be. */
export type StagedContent = Pick<InstalledVersion, "sha256" | "length">;

/** Yields the bytes and ends without an error only if they are the signed ones. @throws AgentError AGENT_STAGED_DIFFERS */
export async function* readStaged(
  path: string,
  wanted: StagedContent,
  { signal, onBytes }: InstallOptions = {},
): ByteStream {
  if ((await findRegularFile(path))?.size !== wanted.length) throw stagedDiffers(path);
  const digester = createDigester("sha256");
  let bytes = 0;
  for await (const chunk of readRegularFile(path, { signal })) {
    digester.update(chunk);
    yield chunk;
    onBytes?.((bytes += chunk.length));
  }
  if (digestHex(digester.digest()) !== wanted.sha256) throw stagedDiffers(path);
}

/** SHA-256 and length of a file; undefined if it does not exist. @throws FileError */
export async function identifyFile(path: string): Promise<StagedContent | undefined> {
  if ((await findRegularFile(path)) === undefined) return undefined;
  const digester = createDigester("sha256");
  let length = 0;
  for await (const chunk of freeing(readRegularFile(path, { signal: undefined }))) {
    digester.update(chunk);
    length += chunk.length;
  }
  return { sha256: digestHex(digester.digest()), length };
}

/** Whether the file has exactly these bytes. False if it does not exist. @throws FileError */
export async function hasContent(path: string, wanted: StagedContent): Promise<boolean> {
  try {
    const bytes = freeing(readStaged(path, wanted))[Symbol.asyncIterator]();
    while ((await bytes.next()).done !== true);
    return true;
  } catch (error) {
    if (AgentError.is(error)) return false;
    throw error;
  }
}

export function stagedDiffers(path: string): AgentError {
  return new AgentError("AGENT_STAGED_DIFFERS", `${path} does not have the bytes that were signed and staged`, {
    details: { path },
  });
}
