import { digestOf, manifestMaxBytes, parseManifest } from "@dtuf/registry";
import { parseRoleName, parseTargetPath, type JsonObject, type TargetFile, type TargetPath } from "@dtuf/tuf";
import { describe, expect, test } from "vitest";
import { FormatError } from "./errors.ts";
import { annotationKeys } from "./media-types.ts";
import { encodeRole, encodeTopLevelKeepers, parseRole, targetKeeper } from "./role.ts";
import { findTargetPatches, withTargetPatches, type TargetPatch } from "./custom/target-patches.ts";
import { patchMediaType } from "./media-types.ts";
import { findStoredBlobs, findTargetBlobs, findTargetIndex, withTargetBlobs, withTargetIndex } from "./target-blobs.ts";
import { encodeTarget } from "./target.ts";

const hex = (text: string): string => digestOf(Buffer.from(text)).slice("sha256:".length);

function target(content: string, custom?: JsonObject): TargetFile {
  return {
    length: Buffer.byteLength(content),
    hashes: new Map([["sha256", hex(content)]]),
    unrecognized: {},
    ...(custom === undefined ? {} : { custom }),
  };
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (FormatError.is(error)) return error.code;
    throw error;
  }
  return "none";
}

const titles = (bytes: Uint8Array): (string | undefined)[] => {
  const manifest = parseManifest(bytes);
  return manifest.kind === "manifest"
    ? manifest.layers.map((layer) => layer.annotations?.get(annotationKeys.title))
    : [];
};

describe("a target's blobs", () => {
  const parts = ["one", "two!"].map((text) => ({
    mediaType: "application/octet-stream",
    digest: digestOf(Buffer.from(text)),
    size: text.length,
  }));
  const custom = withTargetBlobs({ note: "kept", dtuf: { other: 1 } }, parts);

  test("are one blob of the target's own digest", () => {
    expect(findTargetBlobs(target("demo"))).toMatchObject([{ digest: `sha256:${hex("demo")}`, size: 4 }]);
  });

  test("are those of the signed list, in order, and other custom fields are kept", () => {
    expect(findTargetBlobs(target("onetwo!", custom))?.map(({ digest }) => digest)).toEqual(
      parts.map(({ digest }) => digest),
    );
    expect(custom).toMatchObject({ note: "kept", dtuf: { other: 1 } });
  });

  test("are an empty list for a target of length 0", () => {
    expect(findTargetBlobs(target(""))).toEqual([]);
    expect(encodeTarget(parseTargetPath("empty"), target(""))).toBeUndefined();
  });

  test("are unknown without sha256", () => {
    const file: TargetFile = { length: 1, hashes: new Map([["sha512", "0".repeat(128)]]), unrecognized: {} };
    expect(findTargetBlobs(file)).toBeUndefined();
  });

  test.each<[string, JsonObject]>([
    ["sizes that do not add up", { dtuf: { blobs: [{ digest: parts[0]?.digest ?? "", size: 3 }] } }],
    ["no list", { dtuf: { blobs: "all" } }],
    ["an empty list", { dtuf: { blobs: [] } }],
    ["a digest that is a path", { dtuf: { blobs: [{ digest: "sha256:../../x", size: 7 }] } }],
    [
      "a negative size",
      {
        dtuf: {
          blobs: [
            { digest: parts[0]?.digest ?? "", size: -1 },
            { digest: parts[1]?.digest ?? "", size: 8 },
          ],
        },
      },
    ],
    [
      "an empty blob",
      {
        dtuf: {
          blobs: [
            { digest: parts[0]?.digest ?? "", size: 7 },
            { digest: parts[1]?.digest ?? "", size: 0 },
          ],
        },
      },
    ],
    ["null entries", { dtuf: { blobs: [null] } }],
  ])("a signed list with %s is refused", (_name, bad) => {
    expect(codeOf(() => findTargetBlobs(target("onetwo!", bad)))).toBe("FORMAT_TARGET_BLOBS_INVALID");
  });

  test("a name such as __proto__ in custom is only a name", () => {
    const parsed = JSON.parse('{"__proto__":{"dtuf":{"blobs":[]}}}') as JsonObject;
    expect(findTargetBlobs(target("demo", parsed))).toHaveLength(1);
  });
});

describe("a target's manifest", () => {
  test("has the target's name for any OCI tool, and hash and name for Docker's", () => {
    const artifact = encodeTarget(parseTargetPath("dir/demo.txt"), target("demo"));
    const manifest = parseManifest(artifact?.manifest.bytes ?? new Uint8Array());
    if (manifest.kind !== "manifest") throw new TypeError("no manifest");
    expect(manifest.layers[0]?.annotations?.get(annotationKeys.filename)).toBe(`${hex("demo")}.dir/demo.txt`);
    expect(titles(artifact?.manifest.bytes ?? new Uint8Array())).toEqual(["dir/demo.txt"]);
  });
});

describe("a role's manifests", () => {
  const role = { name: parseRoleName("team"), version: 3, metadata: Buffer.from("{}") };
  const many = (count: number): ReadonlyMap<TargetPath, TargetFile> =>
    new Map(
      Array.from({ length: count }, (_, index) => [parseTargetPath(`file-${index}`), target(`content ${index}`)]),
    );

  test("carry the metadata first, under Docker's annotation", () => {
    const [first] = encodeRole({ ...role, keeps: many(2) });
    expect(first?.tags).toEqual(["meta.3.team"]);
    expect([...parseRole(first?.manifest.bytes ?? new Uint8Array()).files.keys()]).toEqual(["3.team.json"]);
    expect(titles(first?.manifest.bytes ?? new Uint8Array())).toEqual(["3.team.json", "file-0", "file-1"]);
  });

  test("keep every blob, split below 4 MiB, each with a tag of its own", () => {
    const keeps = many(9000);
    const artifacts = encodeRole({ ...role, keeps });
    expect(artifacts.every(({ manifest }) => manifest.bytes.length <= manifestMaxBytes)).toBe(true);
    expect(artifacts.flatMap(({ tags }) => tags)).toEqual(["meta.3.team", "meta.3-1.team", "meta.3-2.team"]);
    const kept = new Set(
      artifacts.flatMap(({ manifest }) => {
        const parsed = parseManifest(manifest.bytes);
        return parsed.kind === "manifest" ? parsed.layers.map(({ digest }) => digest as string) : [];
      }),
    );
    for (const file of keeps.values()) expect(kept.has(`sha256:${file.hashes.get("sha256")}`)).toBe(true);
  });

  test("stay below 4 MiB if names are long and must be escaped", () => {
    const name = (index: number): TargetPath => parseTargetPath(`${"\u0001".repeat(2000)}${index}`);
    const keeps = new Map(
      Array.from({ length: 1500 }, (_, index) => [name(index), target(`content ${index}`)] as const),
    );
    const artifacts = encodeTopLevelKeepers(5, keeps);
    expect(artifacts.every(({ manifest }) => manifest.bytes.length <= manifestMaxBytes)).toBe(true);
  });

  test("list a blob that two targets share once, and a title once", () => {
    const keeps = new Map([
      [parseTargetPath("a"), target("same")],
      [parseTargetPath("b"), target("same")],
    ]);
    expect(titles(encodeTopLevelKeepers(1, keeps)[0]?.manifest.bytes ?? new Uint8Array())).toEqual(["a"]);
  });

  test("keep the targets' blobs only in bins and in roles of more than a thousand targets", () => {
    expect(targetKeeper(many(1000), "role")).toBe("target");
    expect(targetKeeper(many(1001), "role")).toBe("role");
    expect(targetKeeper(many(1), "bin")).toBe("role");
  });
});

describe("a target's chunk index", () => {
  const index = { mediaType: "application/vnd.dtuf.index.v1", digest: digestOf(Buffer.from("index")), size: 5 };
  const custom = withTargetIndex({ note: "kept", dtuf: { other: 1 } }, index);

  test("is named by the signed custom metadata, and other fields are kept", () => {
    expect(findTargetIndex(target("demo", custom))).toEqual(index);
    expect(custom).toMatchObject({ note: "kept", dtuf: { other: 1 } });
  });

  test("is the last layer, without a title, and no blob of the content", () => {
    const file = target("demo", custom);
    expect(findTargetBlobs(file)).toHaveLength(1);
    expect(findStoredBlobs(file)?.map(({ digest }) => digest)).toEqual([`sha256:${hex("demo")}`, index.digest]);
    expect(titles(encodeTarget(parseTargetPath("a"), file)?.manifest.bytes ?? new Uint8Array())).toEqual([
      "a",
      undefined,
    ]);
  });

  test("is listed by the manifests of a role that keeps the blobs", () => {
    const keeps = new Map([[parseTargetPath("a"), target("demo", custom)]]);
    const [artifact] = encodeRole({ name: parseRoleName("bins"), version: 1, metadata: Buffer.from("{}"), keeps });
    expect(Buffer.from(artifact?.manifest.bytes ?? "").toString()).toContain(index.digest);
  });

  test.each([
    { dtuf: { index: null } },
    { dtuf: { index: "sha256:x" } },
    { dtuf: { index: { digest: "sha256:x", size: 5 } } },
    { dtuf: { index: { digest: index.digest, size: 0 } } },
    { dtuf: { index: { digest: index.digest, size: 1.5 } } },
    { dtuf: { index: [] } },
    { dtuf: [] },
  ])("is ignored if it is malformed: %j", (malformed) => {
    expect(findTargetIndex(target("demo", malformed as JsonObject))).toBeUndefined();
  });
});

describe("a target's patches", () => {
  const size = 900;
  const patch: TargetPatch = {
    from: hex("old"),
    blob: { mediaType: patchMediaType, digest: digestOf(Buffer.from("patch")), size },
    table: { digest: digestOf(Buffer.from("table")), size: 156 },
  };
  const custom = withTargetPatches({ note: "kept" }, [patch]);
  const listed = (entry: object): TargetFile => target("demo", { dtuf: { patches: [entry as JsonObject] } });

  test("are those of the signed list, stored with the target, and untitled layers of its manifest", () => {
    const file = target("demo", custom);
    expect(findTargetPatches(file)).toEqual([patch]);
    expect(findStoredBlobs(file)?.map(({ digest }) => digest)).toContain(patch.blob.digest);
    expect(titles(encodeTarget(parseTargetPath("app"), file)?.manifest.bytes ?? new Uint8Array())).toEqual([
      "app",
      undefined,
    ]);
  });

  const entry = { from: patch.from, digest: patch.blob.digest, size, table: { ...patch.table } };
  test.each<readonly [string, object]>([
    ["no SHA-256 of the older content", { ...entry, from: "x" }],
    ["no digest", { ...entry, digest: "md5:00" }],
    ["a size that is no number of bytes", { ...entry, size: -1 }],
    ["no table", { ...entry, table: null }],
    ["a table that is longer than the patch", { ...entry, table: { ...patch.table, size: 901 } }],
  ])("are ignored if one has %s", (_, bent) => {
    expect(findTargetPatches(listed(entry))).toHaveLength(1);
    expect(findTargetPatches(listed(bent))).toEqual([]);
  });

  test("are ignored if there are more than 8", () => {
    expect(findTargetPatches(target("demo", { dtuf: { patches: Array.from({ length: 9 }, () => entry) } }))).toEqual(
      [],
    );
  });
});
