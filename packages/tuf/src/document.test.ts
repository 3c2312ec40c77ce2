import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import fc from "fast-check";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import {
  addSignatures,
  encodeDocument,
  findValidSignatures,
  parseUnverified,
  signDocument,
  verifyDocument,
} from "./document.ts";
import { TufError } from "./errors.ts";
import type { Json } from "./json.ts";
import type { Limits } from "./limits.ts";
import type { TopLevelRole } from "./names.ts";
import { parseKeyId, topLevelRoles } from "./names.ts";
import type { Authority } from "./role.ts";
import type { Signer } from "./signer.ts";

const sha256 = "ab".repeat(32);
const role = { keyids: ["k"], threshold: 1, "x-role": 1 };
const key = { keytype: "ed25519", scheme: "ed25519", keyval: { public: "aa", "x-v": 1 }, "x-key": [1] };
const common = { spec_version: "1.0.31", version: 3, expires: "2030-01-01T00:00:00Z", "x-signed": { a: [null] } };
const delegated = { ...role, name: "1", terminating: false };

const examples: Readonly<Record<TopLevelRole, Record<string, Json>>> = {
  root: {
    ...common,
    _type: "root",
    consistent_snapshot: true,
    keys: { k: key },
    roles: { root: role, timestamp: role, snapshot: role, targets: role },
  },
  timestamp: { ...common, _type: "timestamp", meta: { "snapshot.json": { version: 1, length: 5, "x-meta": true } } },
  snapshot: { ...common, _type: "snapshot", meta: { "targets.json": { version: 1, hashes: { sha256, other: "x" } } } },
  targets: {
    ...common,
    _type: "targets",
    targets: {
      "a/b": { length: 0, hashes: { sha256 }, custom: { any: 1 }, "x-target": "y" },
      __proto__x: { length: 1, hashes: { sha256 } },
    },
    delegations: {
      keys: { k: key },
      roles: [
        { ...delegated, paths: ["*"] },
        { ...delegated, name: "0", path_hash_prefixes: ["a", "0f"] },
      ],
      "x-delegations": 1,
    },
  },
};

const file = (signed: Json, signatures: Json = []): Uint8Array => Buffer.from(JSON.stringify({ signatures, signed }));
const parse = (kind: TopLevelRole, change: Record<string, Json>): unknown =>
  parseUnverified(file({ ...examples[kind], ...change }), kind);

describe("documents", () => {
  test.each(topLevelRoles)("%s keeps every unknown field, at every level", (kind) => {
    expect(encodeDocument(parseUnverified(file(examples[kind]), kind))).toEqual(examples[kind]);
  });

  test("succinct roles are parsed and encoded unchanged", () => {
    const delegations = { keys: {}, succinct_roles: { ...role, bit_length: 14, name_prefix: "bin" } };
    const signed = { ...examples.targets, delegations };
    expect(encodeDocument(parseUnverified(file(signed), "targets"))).toEqual(signed);
  });

  test("delegations keep their order if names look like integers [T17]", () => {
    const roles = ["2", "1", "10", "b", "a"].map((name) => ({ ...delegated, name, paths: ["*"] }));
    const { delegations } = parseUnverified(file({ ...examples.targets, delegations: { keys: {}, roles } }), "targets");
    expect(delegations?.kind === "listed" && delegations.roles.map(({ name }) => name)).toEqual([
      "2",
      "1",
      "10",
      "b",
      "a",
    ]);
  });

  test("names of Object.prototype are not targets unless they are listed", () => {
    const { targets } = parseUnverified(file(examples.targets), "targets");
    for (const name of ["constructor", "toString", "__proto__"]) expect(targets.has(name as never)).toBe(false);
  });

  test.each<Json>([0, -1, 1.5, "1", null, true, [], 9007199254740992])("refuses version %j [T27]", (version) => {
    for (const kind of topLevelRoles) expectRefused(() => parse(kind, { version }), "TUF_MALFORMED");
  });

  test.each<Json>([
    "garbage",
    "2030-01-01",
    "2030-02-30T00:00:00Z",
    "2030-01-01T24:00:00Z",
    "2030-01-01T00:00:00",
    "2030-01-01T00:00:00.Z",
    "2030-01-01T00:00:00.5",
    "2030-01-01T00:00:00,5Z",
    "2030-01-01T00:00:00.1234567890Z",
    "2030-01-01T00:00:00+0000",
    "2030-01-01T00:00:00+24:00",
    "2030-01-01T00:00:00+00:60",
    "2030-01-01T00:00:00Z+00:00",
    "2030-02-29T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00+01:00",
    " 2030-01-01T00:00:00Z",
    "2030-01-01t00:00:00z",
    1,
    null,
  ])("refuses expires %j, which must not mean no expiry", (expires) => {
    for (const kind of topLevelRoles) expectRefused(() => parse(kind, { expires }), "TUF_MALFORMED");
  });

  test.each([
    ["2030-01-01T00:00:00.5Z", "2030-01-01T00:00:00.500Z"],
    ["2030-01-01T00:00:00.999999999Z", "2030-01-01T00:00:00.999Z"],
    ["2030-01-01T00:00:00+00:00", "2030-01-01T00:00:00.000Z"],
    ["2030-01-01T01:30:00.25+05:30", "2029-12-31T20:00:00.250Z"],
    ["2029-12-31T23:00:00-01:00", "2030-01-01T00:00:00.000Z"],
  ])("parses expires %j as %s, and never encodes a later time", (expires, instant) => {
    for (const kind of topLevelRoles) {
      const document = parseUnverified(file({ ...examples[kind], expires }), kind);
      expect(document.expires.toISOString()).toBe(instant);
      expect(encodeDocument(document)["expires"]).toBe(`${instant.slice(0, 19)}Z`);
    }
  });

  test("a root may list the unused role mirrors, and no other", () => {
    const roles = { root: role, timestamp: role, snapshot: role, targets: role };
    expect(
      encodeDocument(parseUnverified(file({ ...examples.root, roles: { ...roles, mirrors: role } }), "root"))["roles"],
    ).toEqual(roles);
    expectRefused(() => parse("root", { roles: { ...roles, others: role } }), "TUF_MALFORMED");
  });

  test.each<Json>(["text", 1, null, true, ["a"]])("custom %j is kept, ignored and hides no target", (custom) => {
    const odd = { length: 1, hashes: { sha256 }, custom };
    const signed = { ...examples.targets, targets: { odd, plain: { length: 1, hashes: { sha256 } } } };
    const document = parseUnverified(file(signed), "targets");
    expect([...document.targets].map(([path, target]) => [path, target.custom])).toEqual([
      ["odd", undefined],
      ["plain", undefined],
    ]);
    expect(encodeDocument(document)).toEqual(signed);
  });

  test.each<Json>(["1.", "1. ", "1.0x1", "2.0.0", "1", "1.0.0.0", "01.0", ""])(
    "refuses spec_version %j",
    (spec_version) => {
      expectRefused(() => parse("timestamp", { spec_version }), "TUF_SPEC_VERSION");
    },
  );

  test("refuses another role's file", () => {
    expectRefused(() => parseUnverified(file(examples.snapshot), "timestamp"), "TUF_TYPE_MISMATCH");
  });

  test.each<Json>([0, -1, 1.5, "1", null, 9007199254740992])(
    "refuses threshold %j in every kind of role [T11]",
    (threshold) => {
      const bad = { ...role, threshold };
      const roles = { root: role, timestamp: role, snapshot: role, targets: bad };
      expectRefused(() => parse("root", { roles }), "TUF_MALFORMED");
      const listed = { keys: {}, roles: [{ ...delegated, paths: [], threshold }] };
      expectRefused(() => parse("targets", { delegations: listed }), "TUF_MALFORMED");
      const succinct = { keys: {}, succinct_roles: { ...bad, bit_length: 1, name_prefix: "b" } };
      expectRefused(() => parse("targets", { delegations: succinct }), "TUF_MALFORMED");
    },
  );

  test.each<Json>([0, 33, 1.5, "8", null])("refuses bit_length %j [T21]", (bit_length) => {
    const delegations = { keys: {}, succinct_roles: { ...role, bit_length, name_prefix: "b" } };
    expectRefused(() => parse("targets", { delegations }), "TUF_MALFORMED");
  });

  test.each<Json>([
    {},
    { md5: "00" },
    { sha1: "ab".repeat(20) },
    { sha256: "" },
    { sha256: "AB".repeat(32) },
    { sha256: "abc" },
    { sha256: 1 },
    { sha512: sha256 },
    null,
    [],
  ])("refuses hashes %j, of a target and of metadata [T31]", (hashes) => {
    expectRefused(() => parse("targets", { targets: { a: { length: 1, hashes } } }), "TUF_MALFORMED");
    expectRefused(() => parse("snapshot", { meta: { "a.json": { version: 1, hashes } } }), "TUF_MALFORMED");
  });

  test.each<[string, Record<string, Json>]>([
    [
      "a role twice",
      {
        keys: {},
        roles: [
          { ...delegated, paths: [] },
          { ...delegated, paths: [] },
        ],
      },
    ],
    ["a top-level role", { keys: {}, roles: [{ ...delegated, name: "snapshot", paths: [] }] }],
    ["both kinds of paths", { keys: {}, roles: [{ ...delegated, paths: [], path_hash_prefixes: [] }] }],
    ["neither kind of paths", { keys: {}, roles: [delegated] }],
    ["both kinds of roles", { keys: {}, roles: [], succinct_roles: { ...role, bit_length: 1, name_prefix: "b" } }],
    ["neither kind of roles", { keys: {} }],
    ["a key id twice", { keys: {}, roles: [{ ...delegated, paths: [], keyids: ["k", "k"] }] }],
    ["roles as an object", { keys: {}, roles: {} }],
    ["a terminating 1", { keys: {}, roles: [{ ...delegated, paths: [], terminating: 1 }] }],
  ])("refuses delegations with %s", (_what, delegations) => {
    expectRefused(() => parse("targets", { delegations }), "TUF_MALFORMED");
  });

  test("refuses too many keys, key ids, signatures, roles and bytes [T22]", () => {
    const open = (kind: TopLevelRole, limits: Partial<Limits>): unknown =>
      parseUnverified(file(examples[kind]), kind, limits);
    expectRefused(() => open("root", { maxKeys: 0 }), "TUF_LIMIT_EXCEEDED");
    expectRefused(() => open("root", { maxSignatures: 0 }), "TUF_LIMIT_EXCEEDED");
    expectRefused(() => open("targets", { maxDelegatedRoles: 1 }), "TUF_LIMIT_EXCEEDED");
    expectRefused(() => open("targets", { targetsMaxBytes: 100 }), "TUF_LIMIT_EXCEEDED");
    const signed = file(
      examples.timestamp,
      ["a", "b"].map((keyid) => ({ keyid, sig: "" })),
    );
    expectRefused(() => parseUnverified(signed, "timestamp", { maxSignatures: 1 }), "TUF_LIMIT_EXCEEDED");
  });

  test("limits keys, key ids, signatures and roles by default [T22]", () => {
    const names = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `k${n}`);
    const signatures = (count: number): Json => names(count).map((keyid) => ({ keyid, sig: "" }));
    const keyIds = (count: number): Json => ({ keys: {}, roles: [{ ...delegated, keyids: names(count), paths: [] }] });
    const keys = (count: number): Json => ({
      keys: Object.fromEntries(names(count).map((id) => [id, key])),
      roles: [],
    });
    const roles = (count: number): Json => ({
      keys: {},
      roles: names(count).map((name) => ({ ...delegated, name, paths: [] })),
    });
    const open = (delegations: Json, signed: Json = []): unknown =>
      parseUnverified(file({ ...examples.targets, delegations }, signed), "targets");
    for (const [most, document] of [
      [256, (count: number) => open(keys(0), signatures(count))],
      [256, (count: number) => open(keyIds(count))],
      [16_384, (count: number) => open(keys(count))],
      [65_536, (count: number) => open(roles(count))],
    ] as const) {
      if (most < 65_536) document(most);
      expectRefused(() => document(most + 1), "TUF_LIMIT_EXCEEDED");
    }
  });

  test.each([
    ["root", 512_000],
    ["timestamp", 131_072],
    ["snapshot", 32 << 20],
    ["targets", 128 << 20],
  ] as const)("limits the bytes of a %s file by default [T22]", (kind, most) => {
    const padded = Buffer.alloc(most + 1, " ");
    padded.set(file(examples[kind]));
    expectRefused(() => parseUnverified(padded, kind), "TUF_LIMIT_EXCEEDED");
    // A larger one would take seconds to read.
    const taken = Math.min(most, 1 << 20);
    expect(parseUnverified(padded.subarray(0, taken), kind).type).toBe(kind);
  });

  test("any change of type gives a document or a TufError [T12]", () => {
    const paths = (json: Json, at: readonly string[] = []): (readonly string[])[] =>
      typeof json === "object" && json !== null
        ? Object.entries(json).flatMap(([name, item]) => [[...at, name], ...paths(item, [...at, name])])
        : [];
    const strange = fc.constantFrom<Json>(null, true, 0, -1, "", "x", [], {}, [null], { a: null });
    for (const kind of topLevelRoles) {
      const all = paths(examples[kind]);
      fc.assert(
        fc.property(fc.constantFrom(...all), strange, (path, value) => {
          const signed = structuredClone(examples[kind]);
          let place = signed;
          for (const name of path.slice(0, -1)) place = place[name] as Record<string, Json>;
          place[path.at(-1) ?? ""] = value;
          try {
            return parseUnverified(file(signed), kind).type === kind;
          } catch (error) {
            return TufError.is(error);
          }
        }),
        { numRuns: 500 },
      );
    }
  });
});

describe("signing", () => {
  const signer = createTestSigner();
  const second = createTestSigner("ecdsa-p256");
  const authority: Authority = {
    keys: new Map([signer, second].map(({ keyId, key: listed }) => [keyId, listed])),
    role: { keyIds: [signer.keyId, second.keyId], threshold: 2, unrecognized: {} },
  };
  const timestamp = parseUnverified(file(examples.timestamp), "timestamp");

  test("signs in steps: a ceremony's second signature keeps the first and the signed bytes", async () => {
    const once = await signDocument(timestamp, [signer]);
    expectRefused(() => verifyDocument(once, authority, "timestamp"), "TUF_THRESHOLD_NOT_MET");
    expect(findValidSignatures(once, authority)).toEqual([signer.keyId]);
    const twice = await addSignatures(once, [second]);
    expect(verifyDocument(twice, authority, "timestamp")).toEqual(timestamp);
    expect(findValidSignatures(await addSignatures(twice, [signer]), authority)).toHaveLength(2);
  });

  test("encodes the same document to the same bytes", async () => {
    expect(await signDocument(timestamp, [signer])).toEqual(await signDocument(timestamp, [signer]));
  });

  test("refuses to sign a document that clients refuse", async () => {
    const wrong = [
      { ...timestamp, version: 0 },
      { ...timestamp, specVersion: "2.0" },
      { ...timestamp, unrecognized: { a: 1.5 } },
      { ...timestamp, unrecognized: { a: "\ud800" } },
      { ...timestamp, snapshot: { ...timestamp.snapshot, hashes: new Map() } },
    ];
    for (const document of wrong)
      await expect(signDocument(document, [signer])).rejects.toMatchObject({ name: "TufError" });
  });

  test("refuses a signature that does not verify with the signer's key", async () => {
    const liar: Signer = { ...signer, sign: (payload) => second.sign(payload) };
    await expectRefused(signDocument(timestamp, [liar]), "TUF_SIGNER_MISMATCH");
    await expectRefused(addSignatures(file(examples.root), [liar]), "TUF_SIGNER_MISMATCH");
  });

  test("a root of the simulator is signed by itself and by its predecessor after a rotation", async () => {
    const sim = await createTufSimulator();
    const old = structuredClone({ keys: sim.root.keys, role: sim.root.roles.root });
    sim.rotateKeys("root");
    sim.root.version += 1;
    const root = await sim.publishRoot();
    expect(verifyDocument(root, old, "root").version).toBe(2);
    expect(verifyDocument(root, { keys: sim.root.keys, role: sim.root.roles.root }, "root").version).toBe(2);
  });

  test("a key may be listed under any id", async () => {
    const keyId = parseKeyId("not-a-hash");
    const signed = await signDocument(timestamp, [{ ...signer, keyId }]);
    const by = { keys: new Map([[keyId, signer.key]]), role: { keyIds: [keyId], threshold: 1, unrecognized: {} } };
    expect(verifyDocument(signed, by, "timestamp").version).toBe(3);
  });
});
