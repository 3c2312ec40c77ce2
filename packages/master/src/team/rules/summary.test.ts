import {
  createSigner,
  parseRoleName,
  parseTargetPath,
  specVersion,
  type DelegatedRole,
  type JsonObject,
  type Targets,
} from "@dtuf/tuf";
import { createPrivateKey } from "@dtuf/testing/keys";
import { expect, test } from "vitest";
import { summarize } from "./summary.ts";

const { keyId, key } = createSigner(createPrivateKey());

function delegating(change: Pick<DelegatedRole, "paths" | "pathHashPrefixes"> & Partial<DelegatedRole>): Targets {
  const role = {
    name: parseRoleName("tools"),
    keyIds: [keyId],
    threshold: 1,
    terminating: false,
    unrecognized: {},
    ...change,
  };
  return {
    ...{
      type: "targets",
      specVersion,
      version: 1,
      expires: new Date("2031-01-01"),
      targets: new Map(),
      unrecognized: {},
    },
    delegations: { kind: "listed", keys: new Map([[keyId, key]]), roles: [role], unrecognized: {} },
  };
}

test.each([
  ["one pattern becomes two", { paths: ["a/* b/*"] }, { paths: ["a/*", "b/*"] }],
  ["a pattern that reads like hash prefixes", { paths: ["hash prefixes 0 1"] }, { pathHashPrefixes: ["0", "1"] }],
])("%s: a delegation that allows something else is shown, although the words are the same [T162]", (_, old, next) => {
  const [before, after] = [delegating(old), delegating(next)];
  const { trust } = summarize([{ role: "targets", before, after }]);
  expect(trust).toMatchObject([{ role: "tools", change: "change" }]);
  expect(trust[0]?.scope?.before).not.toBe(trust[0]?.scope?.after);
});

test("a changed field that nobody knows is named, in a delegation too [T162]", () => {
  const before = delegating({ paths: ["a"] });
  const after = delegating({ paths: ["a"], unrecognized: { "x-new": 1 } });
  expect(summarize([{ role: "targets", before, after }]).documents).toMatchObject([{ otherFields: ["delegations"] }]);
});

const path = parseTargetPath("app/1.0.0");

function listing(custom: JsonObject = {}, sha512?: string, unrecognized: JsonObject = {}): Targets {
  const hashes = new Map([["sha256", "ab"], ...(sha512 === undefined ? [] : [["sha512", sha512] as const])]);
  const { delegations: _, ...targets } = delegating({ paths: ["a"] });
  return { ...targets, targets: new Map([[path, { length: 1, hashes, custom, unrecognized }]]) };
}

test.each<[string, [Targets, Targets], readonly unknown[]]>([
  [
    "a withdrawn release with a way back",
    [listing({ release: { name: "app" } }), listing({ release: { name: "app", revoked: true, rollback: "0.9.0" } })],
    [
      { field: "custom.release.revoked", after: true },
      { field: "custom.release.rollback", after: "0.9.0" },
    ],
  ],
  [
    "a new target",
    [
      { ...listing(), targets: new Map() },
      listing({ release: { critical: true }, dtuf: { index: { size: 1 }, other: 2 } }),
    ],
    [
      { field: "custom.dtuf.other", after: 2 },
      { field: "custom.release.critical", after: true },
    ],
  ],
  [
    "values of other kinds, and names that could be read as several",
    [listing({ "a.b": [1], a: { b: {} }, c: null }), listing({ "a.b": [2], a: 3 })],
    [
      { field: 'custom."a.b"', before: [1], after: [2] },
      { field: "custom.a", before: { b: {} }, after: 3 },
      { field: "custom.c", before: null },
    ],
  ],
  [
    "another hash, and members that TUF does not have",
    [listing({ dtuf: { index: { size: 1 } } }, "cd"), listing({ dtuf: { index: { size: 2 } } }, "ef", { "x-new": 1 })],
    [
      { field: "custom.dtuf.index.size", before: 1, after: 2 },
      { field: "hashes.sha512", before: "cd", after: "ef" },
      { field: "x-new", after: 1 },
    ],
  ],
])("%s: the fields of a target that change are shown, old and new [T162]", (_, [before, after], fields) => {
  expect(summarize([{ role: "targets", before, after }]).targets).toMatchObject([{ path, fields }]);
});
