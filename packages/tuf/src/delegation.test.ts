import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import type { NewDelegation } from "@dtuf/testing/tuf-simulator/simulator-keys";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { loadFrom, trustSimulator, wantedFileOf } from "@dtuf/testing/tuf-simulator/tuf-trusted";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { FoundTarget } from "./delegation.ts";
import { findTarget } from "./delegation.ts";
import type { Limits } from "./limits.ts";
import { parseKeyId, parseRoleName, parseTargetPath } from "./names.ts";
import { pathHash } from "./succinct.ts";

const root = parseRoleName("targets");

type Edge = readonly [delegator: string, delegation: NewDelegation];

async function repository(edges: readonly Edge[], owners: readonly string[] = []): Promise<TufSimulator> {
  const sim = await createTufSimulator();
  for (const [delegator, delegation] of edges) sim.addDelegation(delegator, delegation);
  for (const role of owners) sim.addTarget("a/b", Buffer.from(role), { role });
  await sim.publishRelease();
  return sim;
}

interface Search {
  readonly found: FoundTarget | undefined;
  readonly visited: readonly string[];
}

async function search(sim: TufSimulator, path: string, limits?: Partial<Limits>): Promise<Search> {
  const set = trustSimulator(sim, limits === undefined ? {} : { limits });
  const visited: string[] = [];
  const options = { load: loadFrom(sim, set), trace: ({ role }: { role: string }) => void visited.push(role) };
  return { found: await findTarget(set, parseTargetPath(path), options), visited };
}

const all = { paths: ["a/*"] };

describe("the walk", () => {
  const tree: readonly Edge[] = [
    ["targets", { name: "A", ...all }],
    ["targets", { name: "B", ...all }],
    ["A", { name: "C", ...all }],
    ["A", { name: "D", ...all }],
    ["B", { name: "E", ...all }],
  ];

  test("goes in pre-order and list order", async () => {
    const { found, visited } = await search(await repository(tree), "a/b");
    expect(found).toBeUndefined();
    expect(visited).toEqual(["targets", "A", "C", "D", "B", "E"]);
  });

  test("takes the first role in order of trust that has the target", async () => {
    expect((await search(await repository(tree, ["E", "D", "B"]), "a/b")).found?.role).toBe("D");
    expect((await search(await repository(tree, ["E", "targets"]), "a/b")).found?.role).toBe("targets");
  });

  test("keeps the order of names that look like integers [T17]", async () => {
    const edges = ["2", "10", "1", "b", "a"].map((name): Edge => ["targets", { name, ...all }]);
    const { visited } = await search(await repository(edges), "a/b");
    expect(visited).toEqual(["targets", "2", "10", "1", "b", "a"]);
  });

  test("does not visit roles that are not trusted for the path", async () => {
    const hash = pathHash(parseTargetPath("a/b"));
    const other = hash.startsWith("0") ? "1" : "0";
    const edges: readonly Edge[] = [
      ["targets", { name: "A", paths: ["other/*", "a/b/c", "*"] }],
      ["targets", { name: "B", pathHashPrefixes: [other, `${hash}0`.slice(1)] }],
      ["targets", { name: "C", pathHashPrefixes: [other, hash.slice(0, 3)] }],
    ];
    const { found, visited } = await search(await repository(edges, ["A", "B", "C"]), "a/b");
    expect(visited).toEqual(["targets", "C"]);
    expect(found?.role).toBe("C");
  });

  test("ends after a matching terminating delegation, at any depth [T16]", async () => {
    const shallow = tree.map(([from, to]): Edge => [from, { ...to, terminating: to.name === "A" }]);
    expect((await search(await repository(shallow, ["B"]), "a/b")).visited).toEqual(["targets", "A", "C", "D"]);
    const deep = tree.map(([from, to]): Edge => [from, { ...to, terminating: to.name === "C" }]);
    const { found, visited } = await search(await repository(deep, ["D", "B"]), "a/b");
    expect(visited).toEqual(["targets", "A", "C"]);
    expect(found).toBeUndefined();
  });

  test("a terminating delegation that does not match does not end the search [T16]", async () => {
    const edges: readonly Edge[] = [
      ["targets", { name: "A", paths: ["x"], terminating: true }],
      ["targets", { name: "B", ...all }],
    ];
    expect((await search(await repository(edges, ["B"]), "a/b")).found?.role).toBe("B");
  });

  test("cycles and self-delegations end [T22]", async () => {
    const edges: readonly Edge[] = [
      ["targets", { name: "A", ...all }],
      ["A", { name: "B", ...all }],
      ["B", { name: "A", ...all }],
      ["B", { name: "B", ...all }],
    ];
    expect((await search(await repository(edges), "a/b")).visited).toEqual(["targets", "A", "B"]);
  });

  test("visits no more roles than the limit, and throws instead of finding nothing [T22]", async () => {
    const edges = [1, 2, 3].map((n): Edge => ["targets", { name: `R${n}`, ...all }]);
    const sim = await repository(edges, ["R3"]);
    await expectRefused(search(sim, "a/b", { maxDelegations: 2 }), "TUF_LIMIT_EXCEEDED");
    expect((await search(sim, "a/b", { maxDelegations: 3 })).found?.role).toBe("R3");
  });

  test("visits at most 32 roles by default [T22]", async () => {
    const edges = Array.from({ length: 33 }, (_, n): Edge => ["targets", { name: `R${n + 1}`, ...all }]);
    expect((await search(await repository(edges, ["R32"]), "a/b")).found?.role).toBe("R32");
    await expectRefused(search(await repository(edges, ["R33"]), "a/b"), "TUF_LIMIT_EXCEEDED");
  });

  test.each(["../x", "/x", "a/b", "?", "#", "constructor", "__proto__", "."])(
    "role %j is a name like any other",
    async (name) => {
      const { found } = await search(await repository([["targets", { name, ...all }]], [name]), "a/b");
      expect(found?.role).toBe(name);
    },
  );

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "target %j is not found unless it is listed",
    async (path) => {
      expect((await search(await repository([]), path)).found).toBeUndefined();
    },
  );
});

describe("delegated roles", () => {
  test("one key under two ids does not meet a threshold of two [T10]", async () => {
    const key = createTestSigner();
    const signers = [key, { ...key, keyId: parseKeyId("alias") }];
    const sim = await repository([["targets", { name: "A", ...all, signers, threshold: 2 }]], ["A"]);
    await expectRefused(search(sim, "a/b"), "TUF_THRESHOLD_NOT_MET");
    sim.addSigner("A", createTestSigner(), "targets");
    await sim.publishRelease();
    expect((await search(sim, "a/b")).found?.role).toBe("A");
  });

  test("refuses an expired, an older and a longer delegated role [T18, T20]", async () => {
    const sim = await repository([["targets", { name: "A", ...all }]], ["A"]);
    await sim.publishRelease();
    const name = parseRoleName("A");
    const set = trustSimulator(sim);
    const file = wantedFileOf(sim, set, name);
    const old = sim.files.get("1.A.json") ?? file;
    expectRefused(() => set.updateDelegated(name, root, old), "TUF_HASH_MISMATCH");
    const longer = Buffer.concat([file, Buffer.from("\n")]);
    expectRefused(() => set.updateDelegated(name, root, longer), "TUF_LENGTH_MISMATCH");
    expect(set.delegated(name)).toBeUndefined();
    const role = sim.delegates.get("A");
    if (role !== undefined) role.expires = new Date("2030-01-01T12:00:00Z");
    await sim.publishRelease();
    await expectRefused(search(sim, "a/b"), "TUF_EXPIRED");
  });

  test("refuses an older file by its version, if the snapshot has no hashes [T18]", async () => {
    const sim = await createTufSimulator({ metaHashes: "versions-only" });
    sim.addDelegation("targets", { name: "A", ...all });
    await sim.publishRelease();
    const name = parseRoleName("A");
    const old = wantedFileOf(sim, trustSimulator(sim), name);
    await sim.publishRelease();
    const set = trustSimulator(sim);
    expectRefused(() => set.updateDelegated(name, root, old), "TUF_VERSION_MISMATCH");
    expect(set.delegated(name)).toBeUndefined();
  });

  test("refuses a role that the snapshot does not list, with a code [T33]", async () => {
    const sim = await repository([["targets", { name: "A", ...all }]], ["A"]);
    sim.snapshot.meta.delete("A.json");
    sim.snapshot.version += 1;
    sim.timestamp.version += 1;
    await sim.publishSnapshot();
    await sim.publishTimestamp();
    await expectRefused(search(sim, "a/b"), "TUF_ROLE_MISSING");
  });

  test("refuses a role that its delegator does not name, and a delegator that is not there", async () => {
    const sim = await repository([
      ["targets", { name: "A", ...all }],
      ["A", { name: "B", ...all }],
    ]);
    const set = trustSimulator(sim);
    const [a, b] = [parseRoleName("A"), parseRoleName("B")];
    expectRefused(() => set.updateDelegated(b, root, wantedFileOf(sim, set, b)), "TUF_ROLE_MISSING");
    expectRefused(() => set.updateDelegated(b, a, wantedFileOf(sim, set, b)), "TUF_OUT_OF_ORDER");
    expect(set.delegated(b)).toBeUndefined();
  });

  test("a cached role is not accepted after its delegator has listed other keys for it [T37]", async () => {
    const sim = await repository([["targets", { name: "A", ...all }]], ["A"]);
    const { delegations } = sim.targets;
    if (delegations?.kind !== "listed") throw new TypeError("no delegations");
    delegations.roles = [];
    sim.signers.delete("A");
    const cached = sim.files.get("1.A.json") ?? new Uint8Array();
    const meta = sim.snapshot.meta.get("A.json");
    sim.addDelegation("targets", { name: "A", ...all });
    await sim.publishTargets();
    if (meta !== undefined) sim.snapshot.meta.set("A.json", meta);
    sim.targets.version += 1;
    sim.snapshot.version += 1;
    sim.timestamp.version += 1;
    await sim.publishTargets();
    await sim.publishSnapshot();
    await sim.publishTimestamp();
    const set = trustSimulator(sim);
    expectRefused(() => set.updateDelegated(parseRoleName("A"), root, cached), "TUF_THRESHOLD_NOT_MET");
  });

  test("a role trusted through one delegator is not trusted through another [T37]", async () => {
    const sim = await createTufSimulator();
    sim.addDelegation("targets", { name: "parent-a", paths: ["team-a/*"] });
    sim.addDelegation("targets", { name: "parent-b", paths: ["team-b/*"] });
    const shared = createTestSigner();
    sim.addDelegation("parent-a", { name: "release", paths: ["team-a/*"], signers: [shared] });
    sim.addDelegation("parent-b", { name: "release", paths: ["team-b/*"] });
    sim.addTarget("team-a/x", Buffer.from("A"), { role: "release" });
    sim.addTarget("team-b/x", Buffer.from("B"), { role: "release" });
    sim.signers.set("release", [shared]);
    await sim.publishRelease();
    const set = trustSimulator(sim);
    const options = { load: loadFrom(sim, set) };
    expect((await findTarget(set, parseTargetPath("team-a/x"), options))?.role).toBe("release");
    const other = findTarget(set, parseTargetPath("team-b/x"), options);
    await expectRefused(other, "TUF_THRESHOLD_NOT_MET");
    expect(set.delegated(parseRoleName("release"), parseRoleName("parent-b"))).toBeUndefined();
  });

  test("a second file of a role's version is refused, for any delegator", async () => {
    const sim = await createTufSimulator({ metaHashes: "versions-only" });
    const signers = [createTestSigner()];
    sim.addDelegation("targets", { name: "A", ...all });
    sim.addDelegation("targets", { name: "shared", ...all, signers });
    sim.addDelegation("A", { name: "shared", ...all, signers });
    await sim.publishRelease();
    const set = trustSimulator(sim);
    const [a, shared] = [parseRoleName("A"), parseRoleName("shared")];
    set.updateDelegated(a, root, wantedFileOf(sim, set, a));
    set.updateDelegated(shared, root, wantedFileOf(sim, set, shared));
    sim.addTarget("a/b", Buffer.from("other"), { role: "shared" });
    const other = await sim.publishDelegated("shared");
    expectRefused(() => set.updateDelegated(shared, a, other), "TUF_HASH_MISMATCH");
    expect(set.delegated(shared)?.signed.targets.size).toBe(0);
  });

  test("a load that loads nothing is an error, not a target", async () => {
    const sim = await repository([["targets", { name: "A", ...all }]], ["A"]);
    const found = findTarget(trustSimulator(sim), parseTargetPath("a/b"), { load: async () => {} });
    await expectRefused(found, "TUF_OUT_OF_ORDER");
  });
});

describe("succinct roles", () => {
  test("a target is found in its bin and in no other", async () => {
    const sim = await createTufSimulator();
    const names = sim.addSuccinctRoles("targets", 4, "bin");
    const bin = `bin-${pathHash(parseTargetPath("a/b")).slice(0, 1)}`;
    const wrong = names.find((name) => name !== bin) ?? "";
    sim.addTarget("a/b", Buffer.from("wrong bin"), { role: wrong });
    await sim.publishRelease();
    expect(await search(sim, "a/b")).toEqual({ found: undefined, visited: ["targets", bin] });
    sim.addTarget("a/b", Buffer.from("right bin"), { role: bin });
    await sim.publishRelease();
    expect((await search(sim, "a/b")).found?.role).toBe(bin);
  });

  test("refuses a file for a role that is not one of the bins [T21]", async () => {
    const sim = await createTufSimulator();
    sim.addSuccinctRoles("targets", 1, "bin");
    await sim.publishRelease();
    const file = sim.files.get("1.bin-0.json") ?? new Uint8Array();
    const set = trustSimulator(sim);
    for (const name of ["bin-2", "bin-00", "bin", "xin-0"]) {
      expectRefused(() => set.updateDelegated(parseRoleName(name), root, file), "TUF_ROLE_MISSING", {
        message: `${name} is not in the delegations of ${root}`,
      });
    }
    set.updateDelegated(parseRoleName("bin-0"), root, file);
    expect(set.delegated(parseRoleName("bin-0"))?.signed.version).toBe(1);
  });
});
