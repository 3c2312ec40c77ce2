import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath, pathHash } from "@dtuf/tuf";
import { describe, expect, test } from "vitest";
import { createClients } from "./clients.ts";
import { forge } from "./forge.ts";

const now = (): { readonly now: Date } => ({ now: new Date() });

/** Every kind of repository that the other tests use, as its publisher meant it. */
const repositories: Readonly<Record<string, () => Promise<TufSimulator>>> = {
  "the smallest": () => createTufSimulator(now()),
  "snapshots that are not consistent": () => createTufSimulator({ ...now(), consistentSnapshot: false }),
  "versions without hashes": () => createTufSimulator({ ...now(), metaHashes: "versions-only" }),

  async "keys of every kind, two of three"() {
    const sim = await createTufSimulator(now());
    for (const role of ["root", "timestamp", "snapshot", "targets"] as const) {
      sim.root.roles[role].threshold = 2;
      for (const type of ["ecdsa-p256", "rsa"] as const) sim.addSigner(role, createTestSigner(type));
    }
    sim.root.version += 1;
    await sim.publishRoot();
    return sim;
  },

  async "every key rotated, three times"() {
    const sim = await createTufSimulator(now());
    for (let round = 0; round < 3; round += 1) {
      for (const role of ["root", "timestamp", "snapshot", "targets"] as const) sim.rotateKeys(role);
      sim.root.version += 1;
      await sim.publishRoot();
      await sim.publishRelease();
    }
    return sim;
  },

  async "delegations of delegations, of which one ends the search"() {
    const sim = await createTufSimulator(now());
    sim.addDelegation("targets", { name: "a b/../c?#", paths: ["dir/*"] });
    sim.addDelegation("a b/../c?#", { name: "below", paths: ["dir/x*"], terminating: true });
    sim.addDelegation("targets", { name: "last", paths: ["dir/*"] });
    for (const [path, role] of [
      ["dir/x1", "below"],
      ["dir/x2", "last"],
      ["dir/y", "last"],
    ] as const) {
      sim.addTarget(path, Buffer.from(path), { role });
    }
    return sim;
  },

  async "path hash prefixes"() {
    const sim = await createTufSimulator(now());
    const prefix = pathHash(parseTargetPath("dir/hashed")).slice(0, 3);
    sim.addDelegation("targets", { name: "hashed", pathHashPrefixes: [prefix] });
    sim.addTarget("dir/hashed", Buffer.from("hashed"), { role: "hashed" });
    return sim;
  },

  async "succinct hash bins"() {
    const sim = await createTufSimulator(now());
    const bins = sim.addSuccinctRoles("targets", 3, "bin");
    for (const path of ["p/1", "p/2", "p/3"]) {
      // The first three bits of the path's hash choose among eight bins.
      const bin = bins[Number.parseInt(pathHash(parseTargetPath(path)).slice(0, 1), 16) >> 1] ?? "";
      sim.addTarget(path, Buffer.from(path), { role: bin });
    }
    return sim;
  },

  async "hash bins of a delegated role, beside another that it ends the search before"() {
    const sim = await createTufSimulator(now());
    sim.addDelegation("targets", { name: "packages", paths: ["pkg/*"] });
    sim.addDelegation("targets", { name: "others", paths: ["pkg/*", "dir/*"] });
    const bins = sim.addSuccinctRoles("packages", 2, "packages.bins");
    for (const path of ["pkg/1", "pkg/2", "pkg/3", "pkg/4"]) {
      const bin = bins[Number.parseInt(pathHash(parseTargetPath(path)).slice(0, 1), 16) >> 2] ?? "";
      sim.addTarget(path, Buffer.from(path), { role: bin });
    }
    // A bin is terminating: nobody gets the first of these.
    for (const path of ["pkg/hidden", "dir/x"]) sim.addTarget(path, Buffer.from(path), { role: "others" });
    return sim;
  },

  async "fields that nobody knows"() {
    const sim = await createTufSimulator(now());
    for (const document of [sim.root, sim.timestamp, sim.snapshot, sim.targets]) {
      document.unrecognized = { "x-custom": { deep: [1, "two", null] } };
    }
    sim.root.version += 1;
    await sim.publishRoot();
    return sim;
  },
};

describe("both clients accept, and agree on every target of", () => {
  test.each(Object.entries(repositories))("%s", async (_name, build) => {
    const sim = await build();
    sim.addTarget("plain.txt", Buffer.from("plain"));
    await sim.publishRelease();
    await using clients = await createClients(sim);
    const paths = [...sim.targetFiles.keys(), "nowhere"];
    const [ours, theirs] = [await clients.ours.refresh(paths), await clients.theirs.refresh(paths)];
    expect(clients.ours.reason()).toBeUndefined();
    expect(ours).toEqual(theirs);
    expect(ours.refresh).toBe("accepted");
    expect(ours.targets["plain.txt"]).toMatch(/ verified$/);
  });
});

/** What other publishers write, and we never do (decision 0006). */
const others: Readonly<Record<string, (sim: TufSimulator) => Promise<void>>> = {
  async "a time with a fraction, and one with an offset"(sim) {
    const day = new Date(Date.now() + 24 * 3600 * 1000).toISOString();
    await forge(sim, "timestamp", (signed) => ({ ...signed, expires: day.replace("Z", "000Z") }));
    await forge(sim, "targets", (signed) => ({ ...signed, expires: day.replace(/\..*/, "+02:00") }));
  },

  async "a root with the role mirrors"(sim) {
    sim.root.version += 1;
    await sim.publishRoot();
    await forge(sim, "root", (signed) => {
      const roles = signed["roles"] as Readonly<Record<string, { readonly threshold: number }>>;
      return { ...signed, roles: { ...roles, mirrors: { ...roles["targets"], threshold: 1 } } };
    });
  },

  async "a target whose custom is no object"(sim) {
    await forge(sim, "targets", (signed) => {
      const targets = signed["targets"] as Readonly<Record<string, { readonly length: number }>>;
      return { ...signed, targets: { ...targets, "odd.txt": { ...targets["plain.txt"], custom: "text" } } };
    });
    sim.targetFiles.set("odd.txt", Buffer.from("plain"));
  },
};

test.each(Object.entries(others))(
  "both clients accept, and agree on every target beside, %s",
  async (_name, change) => {
    const sim = await createTufSimulator({ ...now(), metaHashes: "versions-only" });
    sim.addTarget("plain.txt", Buffer.from("plain"));
    await sim.publishRelease();
    await change(sim);
    await using clients = await createClients(sim);
    const paths = [...sim.targetFiles.keys()];
    const [ours, theirs] = [await clients.ours.refresh(paths), await clients.theirs.refresh(paths)];
    expect(clients.ours.reason()).toBeUndefined();
    expect(ours).toEqual(theirs);
    for (const path of paths) expect(ours.targets[path]).toMatch(/ verified$/);
  },
);
