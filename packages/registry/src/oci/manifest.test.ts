import * as fc from "fast-check";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { digestOf } from "./digest.ts";
import { OciError } from "../errors.ts";
import { manifestReadMaxBytes } from "../limits.ts";
import { emptyConfig, encodeImageIndex, encodeImageManifest, parseManifest } from "./manifest.ts";
import { mediaTypes } from "./media-types.ts";

const digest = digestOf(Buffer.from("layer"));
const layer = { mediaType: mediaTypes.octetStream, digest, size: 5 };
const image = { schemaVersion: 2, mediaType: mediaTypes.imageManifest, config: layer, layers: [layer] };
const index = { schemaVersion: 2, mediaType: mediaTypes.imageIndex, manifests: [layer] };
const schema1 = { schemaVersion: 1, fsLayers: [{ blobSum: digest }, { blobSum: digestOf(Buffer.from("base")) }] };
const encode = (json: unknown): Uint8Array => Buffer.from(JSON.stringify(json));
const invalid = expect.objectContaining({ code: "OCI_MANIFEST_INVALID" });

describe("parseManifest", () => {
  test.each([
    ["an image manifest that also has manifests", { ...image, manifests: [layer] }, undefined],
    ["an image manifest that also has fsLayers", { ...image, fsLayers: [] }, undefined],
    ["an index that also has layers", { ...index, layers: [layer] }, undefined],
    ["an index that also has a config", { ...index, config: layer }, undefined],
    ["schema 1 that also has layers", { ...schema1, layers: [layer] }, mediaTypes.dockerSchema1],
    ["manifests and layers without a media type", { manifests: [layer], layers: [layer] }, undefined],
    ["a manifest served as an index", image, mediaTypes.imageIndex],
    ["an index served as a manifest", index, mediaTypes.imageManifest],
    ["Docker's type served as OCI's", { ...image, mediaType: mediaTypes.dockerManifest }, mediaTypes.imageManifest],
  ])("refuses %s, which could be read two ways [T68]", (_what, json, contentType) => {
    expect(() => parseManifest(encode(json), contentType)).toThrow(invalid);
  });

  test.each([
    ["not JSON", Buffer.from("{")],
    ["not UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["a list", encode([])],
    ["null", encode(null)],
    ["a media type that is a number", encode({ ...image, mediaType: 1 })],
    ["an unknown media type", encode({ ...image, mediaType: "application/vnd.example" })],
    ["layers that are an object", encode({ ...image, layers: {} })],
    ["schema 1 without layers", encode({ schemaVersion: 1 })],
  ])("refuses %s", (_what, bytes) => {
    expect(() => parseManifest(bytes)).toThrow(invalid);
  });

  test("refuses a layer whose digest is a path [T67]", () => {
    const json = { ...image, layers: [{ ...layer, digest: "sha256:../x" }] };
    expectRefused(() => parseManifest(encode(json)), "OCI_DIGEST_INVALID");
  });

  test("refuses too many bytes before it parses them", () => {
    const bytes = Buffer.alloc(manifestReadMaxBytes + 1, " ");
    expectRefused(() => parseManifest(bytes), "OCI_LIMIT_EXCEEDED");
  });

  test.each([undefined, "application/json", "text/plain; charset=utf-8", `${mediaTypes.imageManifest}; charset=utf-8`])(
    "parses a manifest received as %s",
    (contentType) => {
      expect(parseManifest(encode(image), contentType)).toMatchObject({ kind: "manifest", layers: [layer] });
    },
  );

  test.each([
    ["a manifest", { ...image, mediaType: undefined }, mediaTypes.imageManifest],
    ["an index", { ...index, mediaType: undefined }, mediaTypes.imageIndex],
    ["schema 1", schema1, mediaTypes.dockerSchema1],
  ])("recognises %s without a media type by its fields", (_what, json, mediaType) => {
    expect(parseManifest(encode(json)).mediaType).toBe(mediaType);
  });

  test("lists the layers of schema 1 from the base up", () => {
    const manifest = parseManifest(encode(schema1), `${mediaTypes.dockerSchema1Signed}; charset=utf-8`);
    expect(manifest).toMatchObject({
      kind: "schema1",
      layers: [{ digest: digestOf(Buffer.from("base")) }, { digest }],
    });
  });

  test("parses the output of encodeImageManifest and encodeImageIndex", () => {
    const annotations = new Map([["a", "b"]]);
    const artifactType = "application/vnd.example";
    const encoded = encodeImageManifest({ artifactType, layers: [layer], subject: layer, annotations });
    expect(encoded.descriptor).toMatchObject({ artifactType, digest: digestOf(encoded.bytes) });
    expect(parseManifest(encoded.bytes, encoded.descriptor.mediaType)).toMatchObject({
      artifactType,
      annotations,
      subject: layer,
      layers: [layer],
      config: { digest: emptyConfig.digest, size: 2 },
    });
    const list = encodeImageIndex({ artifactType, manifests: [encoded.descriptor], annotations });
    expect(parseManifest(list.bytes)).toMatchObject({ kind: "index", artifactType, manifests: [encoded.descriptor] });
  });

  test("returns a value or throws an OciError for any fields", () => {
    const field = fc.oneof(fc.jsonValue(), fc.constant([layer]), fc.constant(layer));
    const types = fc.constantFrom(undefined, ...Object.values(mediaTypes));
    const json = fc.record(
      { mediaType: types, config: field, layers: field, manifests: field, fsLayers: field },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(json, types, (json, type) => {
        expect(attempt(encode(json), type)).not.toBe("another error");
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(attempt(bytes)).not.toBe("another error");
      }),
    );
  });
});

function attempt(bytes: Uint8Array, contentType?: string): "value" | "own error" | "another error" {
  try {
    parseManifest(bytes, contentType);
    return "value";
  } catch (error) {
    return OciError.is(error) ? "own error" : "another error";
  }
}
