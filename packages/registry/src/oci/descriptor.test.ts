import * as fc from "fast-check";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { encodeDescriptor, parseDescriptor, type Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { OciError } from "../errors.ts";

const digest = digestOf(new Uint8Array());
const plain = { mediaType: "application/octet-stream", digest, size: 0 };

describe("parseDescriptor", () => {
  test.each([
    ["null", null],
    ["a list", []],
    ["no media type", { digest, size: 0 }],
    ["a media type with a line feed", { ...plain, mediaType: "text/plain\r\nx: y" }],
    ["a media type of 256 characters", { ...plain, mediaType: "x".repeat(256) }],
    ["no digest", { mediaType: "x", size: 0 }],
    ["a negative size", { ...plain, size: -1 }],
    ["a fractional size", { ...plain, size: 1.5 }],
    ["a size above 2^53", { ...plain, size: 2 ** 53 }],
    ["a size in words", { ...plain, size: "0" }],
    ["annotations that are a list", { ...plain, annotations: ["a"] }],
    ["an annotation that is a number", { ...plain, annotations: { a: 1 } }],
    ["data that is not base64", { ...plain, data: "e30" }],
    ["a platform without an architecture", { ...plain, platform: { os: "linux" } }],
  ])("refuses %s", (_what, json) => {
    expectRefused(() => parseDescriptor(json), "OCI_DESCRIPTOR_INVALID");
  });

  test("refuses a digest that is a path [T67]", () => {
    expectRefused(() => parseDescriptor({ ...plain, digest: "sha256:../../etc/passwd" }), "OCI_DIGEST_INVALID");
  });

  test("drops urls, so that nothing is ever fetched from there", () => {
    expect(parseDescriptor({ ...plain, urls: ["http://169.254.169.254/"] })).toEqual(plain);
  });

  test("keeps an annotation named like a property of every object", () => {
    const json: unknown = JSON.parse(`{"mediaType":"x","digest":"${digest}","size":0,"annotations":{"__proto__":"a"}}`);
    const { annotations } = parseDescriptor(json);
    expect(annotations?.get("__proto__")).toBe("a");
  });

  test("parses every output of encodeDescriptor", () => {
    const text = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1"));
    const descriptor: fc.Arbitrary<Descriptor> = fc.record(
      {
        mediaType: fc.stringMatching(/^[!-~]{1,40}$/),
        digest: fc.uint8Array().map((bytes) => digestOf(bytes)),
        size: fc.maxSafeNat(),
        annotations: fc.array(fc.tuple(text, text), { minLength: 1 }).map((entries) => new Map(entries)),
        artifactType: text,
        data: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        platform: fc.record(
          { architecture: text, os: text, osVersion: text, variant: text },
          { requiredKeys: ["architecture", "os"] },
        ),
      },
      { requiredKeys: ["mediaType", "digest", "size"] },
    );
    fc.assert(
      fc.property(descriptor, (descriptor) => {
        const json: unknown = JSON.parse(JSON.stringify(encodeDescriptor(descriptor)));
        expect(parseDescriptor(json)).toEqual(descriptor);
      }),
    );
  });

  test("returns a value or throws an OciError for any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(attempt(json)).not.toBe("another error");
      }),
    );
  });
});

function attempt(json: unknown): "value" | "own error" | "another error" {
  try {
    parseDescriptor(json);
    return "value";
  } catch (error) {
    return OciError.is(error) ? "own error" : "another error";
  }
}
