/**
 * A plain TUF repository in a directory. A name that cannot be a file name is not found. Links are followed, because the
 * owner of the directory controls them.
 */
import { join } from "node:path";
import { collect, OciError } from "@dtuf/registry";
import { fileCall, findFileSize, isFileName, openRegularFile, readFrom, readRegularFile } from "@dtuf/registry/files";
import { encodeName, metadataName, targetNames } from "./plain-names.ts";
import type { MetadataRequest, PartOptions, PartStream, Source, TargetInfo } from "./source.ts";
import { wholeTarget } from "./whole-target.ts";

export interface DirectorySourceOptions {
  readonly metadataDirectory: string;
  /** Default: `targets` beside the metadata directory. */
  readonly targetDirectory?: string | undefined;
  /** Name in events and errors. Default: the metadata directory. */
  readonly name?: string | undefined;
}

/**
 * Creates a source that reads a plain TUF repository (`N.root.json`, `timestamp.json` …) in a directory. Opens nothing yet.
 *
 * Failures of the disk are FileErrors; a missing file is `undefined`.
 */
export function createDirectorySource(options: DirectorySourceOptions): Source {
  const { metadataDirectory, name = metadataDirectory } = options;
  const targetDirectory = options.targetDirectory ?? join(metadataDirectory, "..", "targets");
  return {
    sites: [
      {
        name,
        reach: "local",
        openView: () => ({
          findMetadata: (request) => readMetadata(metadataDirectory, request),
          describe: ({ role, version }) => join(metadataDirectory, metadataName(role, version)),
        }),
        parts: ({ file }) => wholeTarget(file),
        openPart: (target, _part, partOptions) => openTarget(targetDirectory, target, partOptions),
      },
    ],
  };
}

async function readMetadata(
  directory: string,
  { role, version, maxBytes }: MetadataRequest,
): Promise<Uint8Array | undefined> {
  const file = metadataName(role, version);
  if (!isFileName(file)) return undefined;
  const path = join(directory, file);
  const opened = await openRegularFile(path, { followLinks: true });
  if (opened === undefined) return undefined;
  if (opened.size <= maxBytes) return collect(readFrom(opened.file, 0, path), maxBytes);
  await fileCall(path, () => opened.file.close());
  throw new OciError("OCI_LIMIT_EXCEEDED", `${role} has ${opened.size} bytes; at most ${maxBytes} are read`, {
    details: { limit: maxBytes, got: opened.size },
  });
}

/** Looks for the target path as repository tools write it, and percent-encoded. */
async function openTarget(
  directory: string,
  target: TargetInfo,
  { prefix, signal }: PartOptions,
): Promise<PartStream | undefined> {
  for (const names of targetNames(target)) {
    for (const candidate of [names, names.map(encodeName)]) {
      if (!candidate.every((segment) => isFileName(segment))) continue;
      const path = join(directory, ...candidate);
      const size = await findFileSize(path, { followLinks: true });
      if (size === undefined) continue;
      const from = prefix !== undefined && prefix.bytes <= size ? prefix.bytes : 0;
      return { from, stream: readRegularFile(path, { followLinks: true, offset: from, signal }) };
    }
  }
  return undefined;
}
