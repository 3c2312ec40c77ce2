/** Changes that the user requested and that are not published yet, and what they change. */
import type { Json, JsonObject, TargetFile, TargetPath } from "@dtuf/tuf";
import { parseTargetPath } from "@dtuf/tuf";
import type { FieldChange, StagedTarget } from "../contract/contract.ts";
import { MasterError } from "../errors.ts";
import { togetherMaxBytes } from "../limits.ts";

export type Staged = { readonly kind: "put"; readonly file: TargetFile } | { readonly kind: "delete" };

export type StagedTargets = ReadonlyMap<TargetPath, Staged>;

export type TargetMap = ReadonlyMap<TargetPath, TargetFile>;

/** Applies the changes to the targets. Names keep their position; new ones follow in the order of the changes. */
export function applyStaged(targets: TargetMap, staged: StagedTargets): TargetMap {
  const changed = new Map(targets);
  for (const [path, change] of staged) {
    if (change.kind === "put") changed.set(path, change.file);
    else changed.delete(path);
  }
  return changed;
}

/** Describes each change of these targets. Sorted by name. */
export function describeStaged(targets: TargetMap, staged: StagedTargets): readonly StagedTarget[] {
  return (
    [...staged]
      // A target that was only staged and then deleted changes nothing.
      .filter(([path, { kind }]) => kind === "put" || targets.has(path))
      .map(([path, change]): StagedTarget => {
        if (change.kind === "delete") return { path, change: "delete", fields: [] };
        const { file } = change;
        const fields = changedFields(targets.get(path), file);
        return { path, change: targets.has(path) ? "replace" : "add", file, fields };
      })
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
  );
}

/** Compares two files of one name. Staging a target as it is published, or deleting a missing one, changes nothing. */
export function isSameTarget(published: TargetFile | undefined, staged: TargetFile | undefined): boolean {
  if (published === undefined || staged === undefined) return published === staged;
  const encode = ({ length, hashes, custom, unrecognized }: TargetFile): string =>
    JSON.stringify([length, Object.fromEntries(hashes), custom, unrecognized]);
  return encode(published) === encode(staged);
}

export function encodeStaged(path: TargetPath, change: Staged): string {
  if (change.kind === "delete") return JSON.stringify({ path, delete: true });
  const { length, hashes, custom, unrecognized } = change.file;
  return JSON.stringify({ path, length, hashes: Object.fromEntries(hashes), custom, unrecognized });
}

/** @throws MasterError MASTER_STATE_INVALID */
export function parseStaged(bytes: Uint8Array, file: string): { readonly path: TargetPath; readonly change: Staged } {
  try {
    return readStagedFile(JSON.parse(Buffer.from(bytes).toString("utf8")) as JsonObject);
  } catch (cause) {
    throw new MasterError("MASTER_STATE_INVALID", `${file} is not a staged target`, { details: { path: file }, cause });
  }
}

/** @throws MasterError MASTER_STATE_INVALID if the file would be too large to be read again */
export function encodeTogether(changes: StagedTargets, file: string): string {
  const text = `[${[...changes].map(([path, change]) => encodeStaged(path, change)).join(",\n")}]`;
  if (Buffer.byteLength(text) <= togetherMaxBytes) return text;
  throw new MasterError(
    "MASTER_STATE_INVALID",
    `${file} would have more than ${togetherMaxBytes} bytes: publish first`,
    {
      details: { path: file },
    },
  );
}

/** @throws MasterError MASTER_STATE_INVALID */
export function parseTogether(bytes: Uint8Array, file: string): StagedTargets {
  try {
    const list = JSON.parse(Buffer.from(bytes).toString("utf8")) as readonly JsonObject[];
    return new Map(list.map(readStagedFile).map(({ path, change }) => [path, change]));
  } catch (cause) {
    throw new MasterError("MASTER_STATE_INVALID", `${file} is not a list of staged targets`, {
      details: { path: file },
      cause,
    });
  }
}

function readStagedFile(json: JsonObject): { readonly path: TargetPath; readonly change: Staged } {
  const path = parseTargetPath(readString(json["path"]));
  if (json["delete"] === true) return { path, change: { kind: "delete" } };
  const { length, hashes, custom, unrecognized } = json;
  if (typeof length !== "number" || !Number.isSafeInteger(length)) throw new TypeError("wanted a length");
  const file: TargetFile = {
    length,
    hashes: new Map(Object.entries(readObject(hashes)).map(([name, hex]) => [name, readString(hex)])),
    ...(custom === undefined ? {} : { custom: readObject(custom) }),
    unrecognized: readObject(unrecognized),
  };
  return { path, change: { kind: "put", file } };
}

function readString(json: Json | undefined): string {
  if (typeof json !== "string") throw new TypeError("wanted a string");
  return json;
}

function readObject(json: Json | undefined): JsonObject {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new TypeError("wanted an object");
  return json as JsonObject;
}

/** Objects in a target's fields are compared member by member up to this depth; deeper ones as a whole. */
const depthMax = 6;

/** They only say where the bytes of the content are found, which are verified; so they follow from the content. */
const ofContent = /^custom\.dtuf\.(blobs|index|patches)(\.|$)/;

/** Sorted by name. What `custom.dtuf` says of the place of the bytes is left out if the content is another one. */
export function changedFields(before: TargetFile | undefined, after: TargetFile): readonly FieldChange[] {
  const [old, next] = [before === undefined ? {} : fieldsOf(before), fieldsOf(after)];
  const isSameContent = sha256Of(before) === sha256Of(after) && before?.length === after.length;
  return [...changesIn([old, next], "", depthMax)]
    .filter(({ field }) => isSameContent || !ofContent.test(field))
    .toSorted((a, b) => (a.field < b.field ? -1 : 1));
}

function sha256Of(file: TargetFile | undefined): string | undefined {
  return file?.hashes.get("sha256");
}

function fieldsOf({ hashes, custom, unrecognized }: TargetFile): JsonObject {
  const others = [...hashes].filter(([algorithm]) => algorithm !== "sha256");
  return {
    ...unrecognized,
    ...(others.length === 0 ? {} : { hashes: Object.fromEntries(others) }),
    ...(custom === undefined ? {} : { custom }),
  };
}

function* changesIn(
  [old, next]: readonly [JsonObject, JsonObject],
  within: string,
  depth: number,
): Generator<FieldChange> {
  for (const name of new Set([...Object.keys(old), ...Object.keys(next)])) {
    const field = within + (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
    const [before, after] = [valueOf(old, name), valueOf(next, name)];
    const [inOld, inNext] = [membersOf(before), membersOf(after)];
    if (depth > 1 && inOld !== undefined && inNext !== undefined) {
      yield* changesIn([inOld, inNext], `${field}.`, depth - 1);
    } else if (JSON.stringify(before) !== JSON.stringify(after)) {
      yield { field, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
    }
  }
}

function valueOf(json: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(json, name) ? json[name] : undefined;
}

/** Of a value that is absent: none, so that a new object is shown member by member. An empty object is a value. */
function membersOf(value: Json | undefined): JsonObject | undefined {
  if (value === undefined) return {};
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && Object.keys(value).length > 0 ? (value as JsonObject) : undefined;
}
