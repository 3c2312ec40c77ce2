import { encodeImageIndex, encodeImageManifest, manifestMaxBytes, parseManifest, verifyBytes } from "@dtuf/registry";
import { describe, expect, test } from "vitest";
import { FormatError } from "./errors.ts";
import { metadataMediaType, repositoryArtifactType } from "./media-types.ts";
import { encodeRelease, parseRelease } from "./release.ts";

const file = (name: string, size: number): { name: string; bytes: Uint8Array } => ({
  name,
  bytes: new Uint8Array(size).fill(name.charCodeAt(0)),
});

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (FormatError.is(error)) return error.code;
    throw error;
  }
  return "none";
};

describe("a release", () => {
  const files = [
    file("1.root.json", 900),
    file("3.snapshot.json", 500),
    file("2.targets.json", 5000),
    file("timestamp.json", 400),
  ];
  const release = encodeRelease({ files, timestampVersion: 4 });

  test("is an OCI artifact with one metadata layer per file, in order", () => {
    const manifest = parseManifest(release.manifest.bytes);
    expect(manifest).toMatchObject({ kind: "manifest", artifactType: repositoryArtifactType });
    if (manifest.kind !== "manifest") return;
    expect(manifest.layers.map((layer) => layer.annotations?.get("tuf.io/filename"))).toEqual(
      files.map(({ name }) => name),
    );
    expect(manifest.layers.every((layer) => layer.mediaType === metadataMediaType)).toBe(true);
    expect(release.tags).toEqual(["release.4"]);
  });

  test("inlines small files and names large ones by digest", () => {
    const found = parseRelease(release.manifest.bytes).files;
    expect(Buffer.from(files[3]?.bytes ?? []).equals(found.get("timestamp.json")?.data ?? new Uint8Array())).toBe(true);
    expect(found.get("2.targets.json")?.data).toBeUndefined();
    for (const { name, bytes } of files) {
      const layer = found.get(name);
      expect(layer === undefined ? undefined : verifyBytes(bytes, layer)).toEqual(bytes);
    }
  });

  test("pushes every file as a blob, and the empty config", () => {
    expect(release.blobs.map(({ bytes }) => bytes.length)).toEqual([2, 900, 500, 5000, 400]);
  });

  test("names the previous release", () => {
    const next = encodeRelease({ files, timestampVersion: 5, predecessor: release.manifest.descriptor.digest });
    expect(parseRelease(next.manifest.bytes).predecessor).toBe(release.manifest.descriptor.digest);
    expect(parseRelease(release.manifest.bytes).predecessor).toBeUndefined();
  });

  test("stays below 4 MiB with two thousand roots, the newest inlined first", () => {
    const roots = Array.from({ length: 2000 }, (_, index) => file(`${index + 1}.root.json`, 3000));
    const { manifest } = encodeRelease({ files: [...roots, ...files.slice(1)], timestampVersion: 9 });
    expect(manifest.bytes.length).toBeLessThanOrEqual(manifestMaxBytes);
    const found = parseRelease(manifest.bytes).files;
    expect(found.get("2000.root.json")?.data).toBeDefined();
    expect(found.get("1.root.json")?.data).toBeUndefined();
  });

  test("that is too large for registries is refused before it is pushed", () => {
    const roots = Array.from({ length: 20_000 }, (_, index) => file(`${index + 1}.root.json`, 10));
    expect(codeOf(() => encodeRelease({ files: roots, timestampVersion: 1 }))).toBe("FORMAT_MANIFEST_TOO_LARGE");
  });
});

describe("the manifest that `latest` names", () => {
  test.each([
    ["an ordinary image", encodeImageManifest({ layers: [], artifactType: "application/x" }).bytes],
    ["an index", encodeImageIndex({ manifests: [] }).bytes],
    ["no JSON", Buffer.from("hello")],
    ["a list", Buffer.from("[]")],
  ])("%s is not a repository", (_name, bytes) => {
    expect(codeOf(() => parseRelease(bytes))).toBe("FORMAT_NOT_A_REPOSITORY");
  });

  test("of two layers with one name, the first counts", () => {
    const layer = (character: string): Parameters<typeof encodeImageManifest>[0]["layers"][number] => {
      const [found] = encodeRelease({ files: [file("timestamp.json", 10)], timestampVersion: 1 }).blobs.slice(1);
      if (found === undefined) throw new TypeError("no blob");
      return { ...found.descriptor, size: character === "a" ? 10 : 11 };
    };
    const { bytes } = encodeImageManifest({ artifactType: "application/x", layers: [layer("a"), layer("b")] });
    expect(parseRelease(bytes).files.get("timestamp.json")?.size).toBe(10);
  });
});
