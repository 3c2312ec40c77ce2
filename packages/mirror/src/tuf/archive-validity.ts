/** An annotation in the index.json of an archive that states until when its repository is valid. It is not verified. */
import { join } from "node:path";
import { findFile, writeFileAtomically } from "@dtuf/registry/files";
import { MirrorError } from "../errors.ts";
import { archiveIndexMaxBytes } from "../limits.ts";

/** The annotation: a time in RFC 3339, for display only. An import uses the signed expirations. */
export const validUntilAnnotation = "vnd.dtuf.valid-until";

/** @throws MirrorError MIRROR_ARCHIVE_INVALID; FileError */
export async function stateValidity(layout: string, until: Date): Promise<void> {
  const path = join(layout, "index.json");
  const index = await readIndex(path);
  const annotations = { ...index["annotations"], [validUntilAnnotation]: until.toISOString() };
  await writeFileAtomically(path, JSON.stringify({ ...index, annotations }));
}

/** The time that the archive states. Returns undefined if it states none. @throws MirrorError MIRROR_ARCHIVE_INVALID */
export async function findStatedValidity(layout: string): Promise<Date | undefined> {
  const { annotations } = await readIndex(join(layout, "index.json"));
  const stated = new Date(annotations?.[validUntilAnnotation] ?? Number.NaN);
  return Number.isNaN(stated.getTime()) ? undefined : stated;
}

interface Index {
  readonly annotations?: Readonly<Record<string, string>>;
}

async function readIndex(path: string): Promise<Index> {
  const bytes = await findFile(path, { maxBytes: archiveIndexMaxBytes });
  const invalid = (cause?: unknown): MirrorError =>
    new MirrorError("MIRROR_ARCHIVE_INVALID", `${path} is not a JSON object`, { details: { path }, cause });
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
  } catch (cause) {
    throw invalid(cause);
  }
  if (typeof json !== "object" || json === null) throw invalid();
  return json;
}
