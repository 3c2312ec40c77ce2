import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { createTestSigner } from "@dtuf/testing/keys";
import { createSimulatorSource, type SimulatorSourceOptions } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { createMapCopy, type MapCopy } from "./map-copy.ts";
import { parseMapFile } from "./map-file.ts";

const { now } = createFixedClock("2030-01-02T00:00:00Z");
const path = parseTargetPath("app");
const home = useDirectory();
let sims: Map<string, TufSimulator>;

beforeEach(async () => {
  sims = new Map();
  for (const name of ["A", "B", "C"]) sims.set(name, await createTufSimulator());
});

interface Wanted {
  readonly repositories: readonly string[];
  readonly threshold: number;
  readonly terminating?: boolean;
}

function simOf(name: string): TufSimulator {
  const sim = sims.get(name);
  if (sim === undefined) throw new TypeError(`no repository ${name}`);
  return sim;
}

function createTestCopy(
  mapping: readonly Wanted[],
  sources: Readonly<Record<string, SimulatorSourceOptions>> = {},
): MapCopy {
  const repositories = Object.fromEntries([...sims.keys()].map((name) => [name, [`https://${name.length}.example/`]]));
  const map = parseMapFile(
    Buffer.from(JSON.stringify({ repositories, mapping: mapping.map((each) => ({ paths: ["*"], ...each })) })),
  );
  const roots = new Map([...sims].map(([name, sim]) => [name, sim.files.get("1.root.json") ?? new Uint8Array()]));
  const openSource = (name: string): ReturnType<typeof createSimulatorSource> =>
    createSimulatorSource(simOf(name), { name, ...sources[name] });
  return createMapCopy({ map, roots, openSource, directory: join(home, "map"), now });
}

async function publish(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(contents)) {
    simOf(name).addTarget("app", Buffer.from(text));
    await simOf(name).publishRelease();
  }
}

const twoOfThree: Wanted = { repositories: ["A", "B", "C"], threshold: 2 };

describe("a target is accepted if enough repositories agree on its length and hashes", () => {
  test("and is saved from one of them", async () => {
    await publish({ A: "evil", B: "good", C: "good" });
    const copy = createTestCopy([twoOfThree]);
    const target = await copy.findTarget(path);
    if (target === undefined) throw new TypeError("not found");
    expect(target.repositories).toEqual(["B", "C"]);
    await copy.saveTarget(target, join(home, "app"));
    expect(await readFile(join(home, "app"), "utf8")).toBe("good");
  });

  test("even if the custom metadata differs", async () => {
    for (const name of ["A", "B"]) {
      simOf(name).addTarget("app", Buffer.from("good"), { custom: { from: name } });
      await simOf(name).publishRelease();
    }
    expect(await createTestCopy([twoOfThree]).findTarget(path)).toMatchObject({ repositories: ["A", "B"] });
  });

  test("even if another repository is down or refused", async () => {
    await publish({ A: "good", B: "good" });
    simOf("C").signers.set("timestamp", [createTestSigner()]);
    await simOf("C").publishRelease();
    expect(await createTestCopy([twoOfThree]).findTarget(path)).toMatchObject({ repositories: ["A", "B"] });
  });

  test("and is opened from the next repository if the first has no bytes or wrong bytes", async () => {
    await publish({ A: "good", B: "good", C: "good" });
    const sources = { A: { target: () => undefined }, B: { target: () => Buffer.from("evil") } };
    const copy = createTestCopy([twoOfThree], sources);
    const target = await copy.findTarget(path);
    if (target === undefined) throw new TypeError("not found");
    const chunks: Uint8Array[] = [];
    for await (const chunk of await copy.openTarget(target)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("good");
  });
});

describe("a target is refused", () => {
  test("if one repository lists it and two are required", async () => {
    await publish({ A: "evil" });
    await expectRefused(createTestCopy([twoOfThree]).findTarget(path), "COPY_SOURCE_INVALID", {
      details: { wanted: 2, listedBy: ["A"] },
    });
  });

  test("if each repository lists other content", async () => {
    await publish({ A: "one", B: "two", C: "six" });
    await expectRefused(createTestCopy([twoOfThree]).findTarget(path), "COPY_SOURCE_INVALID");
  });

  test("and not searched under a weaker mapping, if a repository cannot be reached", async () => {
    await publish({ A: "evil", B: "good", C: "good" });
    const down = new Error("down");
    const cut = {
      answer: (): never => {
        throw down;
      },
    };
    const mapping = [
      { repositories: ["B", "C"], threshold: 2 },
      { repositories: ["A"], threshold: 1 },
    ];
    await expect(createTestCopy(mapping, { B: cut }).findTarget(path)).rejects.toBe(down);
  });
});

describe("mappings are used in order", () => {
  test("the next one if the repositories of the first do not list the target", async () => {
    await publish({ C: "good" });
    const mapping = [
      { repositories: ["A", "B"], threshold: 2 },
      { repositories: ["C"], threshold: 1 },
    ];
    expect(await createTestCopy(mapping).findTarget(path)).toMatchObject({ repositories: ["C"] });
  });

  test("no further than a terminating mapping", async () => {
    await publish({ C: "evil" });
    const mapping = [
      { repositories: ["A", "B"], threshold: 2, terminating: true },
      { repositories: ["C"], threshold: 1 },
    ];
    expect(await createTestCopy(mapping).findTarget(path)).toBeUndefined();
  });

  test("repositories that they do not name are not asked", async () => {
    await publish({ A: "good" });
    await createTestCopy([{ repositories: ["A"], threshold: 1 }]).findTarget(path);
    expect(await readdir(join(home, "map"))).toHaveLength(1);
  });
});

test.each(["../../evil", "/etc", "a/b", ".", "..", "CON", "x".repeat(5000), "__proto__", "ü"])(
  "keeps the state of a repository named %j inside its directory [T5]",
  async (name) => {
    sims.set(name, await createTufSimulator());
    await publish({ [name]: "good" });
    const copy = createTestCopy([{ repositories: [name], threshold: 1 }]);
    expect(await copy.findTarget(path)).toMatchObject({ repositories: [name] });
    expect(await readdir(home)).toEqual(["map"]);
    expect(await readdir(join(home, "map"))).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  },
);
