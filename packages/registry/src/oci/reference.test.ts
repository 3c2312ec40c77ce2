import * as fc from "fast-check";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { OciError } from "../errors.ts";
import {
  encodeReference,
  parseFamiliarName,
  parseReference,
  parseRegistryHost,
  parseRepositoryName,
} from "./reference.ts";

const hex = "a".repeat(64);
const invalid = expect.objectContaining({ code: "OCI_REFERENCE_INVALID" });

describe("parseReference", () => {
  test.each([
    ["localhost/x", { registry: "localhost", repository: "x" }],
    ["registry:5000/fred/demo", { registry: "registry:5000", repository: "fred/demo" }],
    ["Example.COM/fred/demo:v1", { registry: "example.com", repository: "fred/demo", tag: "v1" }],
    [
      `127.0.0.1:5000/a/b__c/d---e:latest@sha256:${hex}`,
      { registry: "127.0.0.1:5000", repository: "a/b__c/d---e", tag: "latest", digest: `sha256:${hex}` },
    ],
    ["[::1]:5000/a", { registry: "[::1]:5000", repository: "a" }],
    ["[0:0::0:1]/a", { registry: "[::1]", repository: "a" }],
  ])("reads %s", (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });

  test.each([
    ["no host", "demo"],
    ["an empty host", "/demo"],
    ["an empty repository", "example.com/"],
    ["a path that climbs", "example.com/../../etc"],
    ["a dot component", "example.com/a/./b"],
    ["an upper-case repository", "example.com/Fred"],
    ["a trailing slash", "example.com/a/"],
    ["three underscores", "example.com/a___b"],
    ["credentials before the host", "user:secret@example.com/a"],
    ["a scheme", "https://example.com/a"],
    ["a query", "example.com/a?b"],
    ["an encoded slash", "example.com/a%2fb"],
    ["a line feed", "example.com/a\n"],
    ["port 0", "example.com:0/a"],
    ["port 65536", "example.com:65536/a"],
    ["an IPv6 literal without brackets", "::1/a"],
    ["an IPv6 zone", "[fe80::1%eth0]/a"],
    ["a bracketed name", "[dead:beef]/a"],
    ["another spelling of an IPv4 address", "0x7f.1/a"],
    ["a label that ends with a hyphen", "a-.example/a"],
    ["host and name above 255 characters", `example.com/${"a".repeat(244)}`],
  ])("refuses %s", (_what, text) => {
    expect(() => parseReference(text)).toThrow(invalid);
  });

  test("refuses a tag and a digest outside their grammars", () => {
    expectRefused(() => parseReference("example.com/a:"), "OCI_TAG_INVALID");
    expectRefused(() => parseReference("example.com/a@sha256:../x"), "OCI_DIGEST_INVALID");
  });

  test("accepts host and name of exactly 255 characters", () => {
    expect(encodeReference(parseReference(`example.com/${"a".repeat(243)}`))).toHaveLength(255);
  });

  test("encodes every accepted reference unchanged", () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
      fc.constant("localhost"),
    );
    const name = fc.stringMatching(/^[a-z0-9]{1,5}([._-][a-z0-9]{1,5}){0,2}(\/[a-z0-9]{1,5}){0,3}$/);
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/));
    const port = fc.option(fc.integer({ min: 1, max: 65_535 }));
    fc.assert(
      fc.property(fc.record({ host, port, name, tag }), ({ host, port, name, tag }) => {
        const text = `${host}${port === null ? "" : `:${port}`}/${name}${tag === null ? "" : `:${tag}`}`;
        const reference = parseReference(text);
        expect(reference).toMatchObject({ repository: name, ...(tag === null ? {} : { tag }) });
        expect(parseReference(encodeReference(reference))).toEqual(reference);
      }),
    );
  });

  test.each([parseReference, parseFamiliarName, parseRepositoryName, parseRegistryHost])(
    "%o returns a value or throws an OciError for any text",
    (parse) => {
      const text = fc.oneof(anyText, fc.stringMatching(/^[a-z0-9.:/@_[\]-]*$/));
      fc.assert(
        fc.property(text, (text) => {
          expect(attempt(() => parse(text))).not.toBe("another error");
        }),
      );
    },
  );
});

/** Control characters and bytes above ASCII too. */
const anyText = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1"));

function attempt(work: () => unknown): "value" | "own error" | "another error" {
  try {
    work();
    return "value";
  } catch (error) {
    return OciError.is(error) ? "own error" : "another error";
  }
}

describe("parseFamiliarName", () => {
  test.each([
    ["busybox", "docker.io/library/busybox:latest"],
    ["busybox:1.30.1", "docker.io/library/busybox:1.30.1"],
    ["fred/demo", "docker.io/fred/demo:latest"],
    ["index.docker.io/busybox", "index.docker.io/library/busybox:latest"],
    ["registry-1.docker.io/busybox", "registry-1.docker.io/library/busybox:latest"],
    ["library.artifactory.example/python", "library.artifactory.example/python:latest"],
    ["evildocker.io/busybox", "evildocker.io/busybox:latest"],
    ["docker.io:5000/busybox", "docker.io:5000/busybox:latest"],
    ["docker.io.example/busybox", "docker.io.example/busybox:latest"],
    ["localhost/x", "localhost/x:latest"],
    ["localhost:5000/x", "localhost:5000/x:latest"],
    ["localhost:5000", "docker.io/library/localhost:5000"],
    ["[::1]:5000/x", "[::1]:5000/x:latest"],
    [`busybox@sha256:${hex}`, `docker.io/library/busybox@sha256:${hex}`],
    [`busybox:1@sha256:${hex}`, `docker.io/library/busybox:1@sha256:${hex}`],
  ])("reads %s as %s", (text, complete) => {
    expect(encodeReference(parseFamiliarName(text))).toBe(complete);
  });

  test("fills in the registry, namespace and tag it is given", () => {
    const options = { defaultRegistry: "registry.example:5000", defaultNamespace: "team", defaultTag: "stable" };
    expect(encodeReference(parseFamiliarName("x", options))).toBe("registry.example:5000/team/x:stable");
    expect(encodeReference(parseFamiliarName("other.example/x", options))).toBe("other.example/x:stable");
  });

  test("adds no library/ to names of a default registry other than Docker Hub", () => {
    expect(parseFamiliarName("x", { defaultRegistry: "registry.example" }).repository).toBe("x");
  });

  test("adds no prefix to a name if the namespace is empty", () => {
    expect(parseFamiliarName("x", { defaultNamespace: "" }).repository).toBe("x");
  });

  test("refuses an upper-case name", () => {
    expect(() => parseFamiliarName("BusyBox")).toThrow(invalid);
  });
});
