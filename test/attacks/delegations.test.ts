import { createTestSigner } from "@dtuf/testing/keys";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import type { NewDelegation } from "@dtuf/testing/tuf-simulator/simulator-keys";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { describe, expect, test } from "vitest";
import { createVictim, outcome } from "./victim.ts";

type Edge = readonly [from: string, to: NewDelegation];

async function createGraph(edges: readonly Edge[]): Promise<TufSimulator> {
  const sim = await createTufSimulator();
  const signers = new Map<string, ReturnType<typeof createTestSigner>>();
  for (const [from, to] of edges) {
    const signer = signers.get(to.name) ?? createTestSigner();
    sim.signers.delete(to.name);
    sim.addDelegation(from, { ...to, signers: [signer] });
    signers.set(to.name, signer);
  }
  await sim.publishRelease();
  return sim;
}

const all = { paths: ["*/*"] };
const graphs: readonly (readonly [what: string, edges: readonly Edge[], visited: readonly string[]])[] = [
  [
    "one below another",
    [
      ["targets", { name: "A", ...all }],
      ["A", { name: "B", ...all }],
    ],
    ["A", "B"],
  ],
  [
    "depth before breadth",
    [
      ["targets", { name: "A", ...all }],
      ["targets", { name: "C", ...all }],
      ["A", { name: "B", ...all }],
    ],
    ["A", "B", "C"],
  ],
  [
    "a role that is led to twice",
    [
      ["targets", { name: "A", ...all }],
      ["targets", { name: "B", ...all }],
      ["A", { name: "C", ...all }],
      ["B", { name: "C", ...all }],
    ],
    ["A", "C", "B"],
  ],
  [
    "a circle",
    [
      ["targets", { name: "A", ...all }],
      ["A", { name: "B", ...all }],
      ["B", { name: "A", ...all }],
    ],
    ["A", "B"],
  ],
  [
    "a role that delegates to itself",
    [
      ["targets", { name: "A", ...all }],
      ["A", { name: "A", ...all }],
    ],
    ["A"],
  ],
  [
    "one that does not cover the path",
    [
      ["targets", { name: "A", paths: ["other/*"] }],
      ["targets", { name: "B", ...all }],
    ],
    ["B"],
  ],
  [
    "one that ends the search",
    [
      ["targets", { name: "A", ...all, terminating: true }],
      ["targets", { name: "B", ...all }],
    ],
    ["A"],
  ],
  [
    "one that ends the search below another",
    [
      ["targets", { name: "A", ...all }],
      ["targets", { name: "C", ...all }],
      ["A", { name: "B", ...all, terminating: true }],
    ],
    ["A", "B"],
  ],
];

describe("a search visits each role once, in the order of trust:", () => {
  test.each(graphs)("%s", async (_what, edges, visited) => {
    const sim = await createGraph(edges);
    await using victim = await createVictim(sim);
    const source = createSimulatorSource(sim);
    expect(await victim.copy(source).findTarget(parseTargetPath("dir/x"))).toBeUndefined();
    const roles = source.requests.map((request) => request.replace(/^\d+\./, "")).slice(4);
    expect(roles).toEqual(visited);
  });
});

describe("a delegated role is refused, the top-level roles stay, and nothing of it is kept:", () => {
  const attacks: Readonly<Record<string, readonly [(sim: TufSimulator) => Promise<void>, code: string]>> = {
    "signed by strangers": [
      async (sim) => {
        sim.signers.set("A", [createTestSigner()]);
        await sim.publishRelease();
      },
      "TUF_THRESHOLD_NOT_MET",
    ],
    expired: [
      async (sim) => {
        const role = sim.delegates.get("A");
        if (role !== undefined) role.expires = new Date("2030-01-01T12:00:00Z");
        await sim.publishRelease();
      },
      "TUF_EXPIRED",
    ],
    "not there": [
      async (sim) => {
        await sim.publishRelease();
        for (const name of [...sim.files.keys()].filter((file) => file.endsWith(".A.json"))) sim.files.delete(name);
      },
      "COPY_METADATA_MISSING",
    ],
    "of other bytes than the snapshot's": [
      async (sim) => {
        await sim.publishRelease();
        const name = [...sim.files.keys()].findLast((file) => file.endsWith(".A.json")) ?? "";
        sim.files.set(name, Buffer.concat([Buffer.from(" "), sim.files.get(name) ?? Buffer.alloc(0)]));
      },
      "TUF_HASH_MISMATCH",
    ],
    "another role's file": [
      async (sim) => {
        sim.metaHashes = "versions-only";
        sim.addDelegation("targets", { name: "B", ...all });
        await sim.publishRelease();
        const version = sim.delegates.get("A")?.version ?? 0;
        sim.files.set(`${version}.A.json`, sim.files.get("1.B.json") ?? new Uint8Array());
      },
      "TUF_THRESHOLD_NOT_MET",
    ],
  };

  test.each(Object.entries(attacks))("%s", async (_what, [attack, code]) => {
    const sim = await createGraph([["targets", { name: "A", ...all }]]);
    await attack(sim);
    await using victim = await createVictim(sim);
    const copy = victim.copy(createSimulatorSource(sim));
    expect(await outcome(copy.findTarget(parseTargetPath("dir/x")))).toBe(code);
    const { root, timestamp, snapshot, targets } = sim;
    expect(await victim.trusted()).toEqual([
      `${root.version}.root`,
      `${timestamp.version}.timestamp`,
      `${snapshot.version}.snapshot`,
      `${targets.version}.targets`,
    ]);
  });
});
