import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createPrivateKey } from "@dtuf/testing/keys";
import type { TufSimulatorOptions } from "@dtuf/testing/tuf-simulator/simulator-documents";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { createSigner, parseKeyId } from "@dtuf/tuf";
import { describe, expect, test, vi } from "vitest";
import { createClients, type ClientsOptions, type Verdict } from "./clients.ts";
import { forge } from "./forge.ts";

const decision = readFileSync(join(import.meta.dirname, "../../docs/decisions/0006-where-tuf-js-differs.md"), "utf8");

interface Both {
  readonly ours: Verdict;
  readonly theirs: Verdict;
}

async function refreshBoth(sim: TufSimulator, paths: readonly string[], options: ClientsOptions = {}): Promise<Both> {
  await using clients = await createClients(sim, options);
  return { ours: await clients.ours.refresh(paths), theirs: await clients.theirs.refresh(paths) };
}

function create(options: TufSimulatorOptions = {}): Promise<TufSimulator> {
  return createTufSimulator({ now: new Date(), ...options });
}

/** The exceptions, each by the name that the decision gives it. */
const exceptions: Readonly<Record<string, () => Promise<void>>> = {
  async "one-key-two-ids"() {
    const sim = await create();
    const key = createPrivateKey();
    sim.root.roles.timestamp = { keyIds: [], threshold: 2, unrecognized: {} };
    sim.signers.delete("timestamp");
    for (const id of ["one", "two"]) sim.addSigner("timestamp", createSigner(key, { keyId: parseKeyId(id) }));
    sim.root.version = 2;
    await sim.publishRoot();
    await sim.publishTimestamp();
    const { ours, theirs } = await refreshBoth(sim, []);
    expect([ours.refresh, theirs.refresh]).toEqual(["refused", "accepted"]);
  },

  async "integer-like-roles"() {
    const sim = await create();
    for (const name of ["beta", "1"]) {
      sim.addDelegation("targets", { name, paths: ["*"] });
      sim.addTarget("x", Buffer.from(name), { role: name });
    }
    await sim.publishRelease();
    const { ours, theirs } = await refreshBoth(sim, ["x"]);
    expect([ours.refresh, theirs.refresh]).toEqual(["accepted", "refused"]);
  },

  async "hash-algorithms"() {
    for (const hashes of [{}, { md5: "5d41402abc4b2a76b9719d911017c592" }]) {
      const sim = await create({ metaHashes: "versions-only", consistentSnapshot: false });
      sim.targetFiles.set("x", Buffer.from("hello"));
      await forge(sim, "targets", (signed) => ({ ...signed, targets: { x: { length: 5, hashes } } }));
      const { ours, theirs } = await refreshBoth(sim, ["x"]);
      expect(theirs.targets).toEqual({ x: "no sha256 verified" });
      expect(ours.refresh).toBe("refused");
    }
  },

  async "prototype-names"() {
    const sim = await create();
    const { ours, theirs } = await refreshBoth(sim, ["constructor", "toString"]);
    expect(ours.targets).toEqual({ constructor: "absent", toString: "absent" });
    expect(theirs.targets).toEqual({ constructor: "refused", toString: "refused" });
  },

  async "versions-below-one"() {
    const sim = await create({ metaHashes: "versions-only" });
    sim.timestamp.version = 1;
    await forge(sim, "timestamp", (signed) => ({ ...signed, version: -1 }));
    const { ours, theirs } = await refreshBoth(sim, []);
    expect([ours.refresh, theirs.refresh]).toEqual(["refused", "accepted"]);
  },

  async "spec-version"() {
    const sim = await create();
    await forge(sim, "timestamp", (signed) => ({ ...signed, spec_version: "1.0x1" }));
    const { ours, theirs } = await refreshBoth(sim, []);
    expect([ours.refresh, theirs.refresh]).toEqual(["refused", "accepted"]);
  },

  async "duplicate-members"() {
    const sim = await create();
    const text = Buffer.from(sim.files.get("timestamp.json") ?? []).toString("utf8");
    sim.files.set("timestamp.json", Buffer.from(text.replace(/^\{/, '{"signed":{},')));
    const { ours, theirs } = await refreshBoth(sim, []);
    expect([ours.refresh, theirs.refresh]).toEqual(["refused", "accepted"]);
  },

  async "denied-root"() {
    const sim = await create();
    const { ours, theirs } = await refreshBoth(sim, [], { denied: (file) => file === "2.root.json" });
    expect([ours.refresh, theirs.refresh]).toEqual(["refused", "accepted"]);
  },

  async "root-rotations"() {
    const sim = await create();
    for (let version = 2; version <= 259; version += 1) {
      sim.root.version = version;
      await sim.publishRoot();
    }
    const { ours, theirs } = await refreshBoth(sim, []);
    expect([ours.versions["root"], theirs.versions["root"]]).toEqual([259, 257]);
  },

  async "suspect-clock"() {
    const sim = await create();
    await using clients = await createClients(sim);
    await clients.ours.refresh([]);
    await clients.theirs.refresh([]);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3 * 24 * 3600 * 1000 });
    try {
      expect([await clients.ours.refresh([]), await clients.theirs.refresh([])]).toMatchObject([
        { refresh: "refused" },
        { refresh: "accepted" },
      ]);
    } finally {
      vi.useRealTimers();
    }
  },
};

const dialects: readonly (readonly [pattern: string, path: string, seen: readonly [ours: string, theirs: string]])[] = [
  ["*", ".hidden", ["found", "absent"]],
  ["dir/*", "dir/.env", ["found", "absent"]],
  ["#x", "#x", ["found", "absent"]],
  ["!a", "b", ["absent", "found"]],
  ["{a,b}", "a", ["absent", "found"]],
  ["+(a)", "aaa", ["absent", "found"]],
];

describe("tuf-js differs, and the decision says so", () => {
  test.each(Object.entries(exceptions))("%s", (_name, expectDifference) => expectDifference());

  test.each(dialects)("path-patterns: %j reads another dialect, as %j shows", async (pattern, path, wanted) => {
    const sim = await create();
    sim.addDelegation("targets", { name: "team", paths: [pattern] });
    sim.addTarget(path, Buffer.from("x"), { role: "team" });
    await sim.publishRelease();
    const { ours, theirs } = await refreshBoth(sim, [path]);
    const seen = ({ targets }: Verdict): string => (targets[path] === "absent" ? "absent" : "found");
    expect([seen(ours), seen(theirs)]).toEqual(wanted);
  });

  test("by every name here and no other", () => {
    const named = new Set([...decision.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name));
    expect(named).toEqual(new Set([...Object.keys(exceptions), "path-patterns"]));
  });
});
