/** Several mirrors, of which the first is no good: the next one serves, and stderr says which was passed over. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createCopy, createMirroredSource, createStoreSource, type CopyEvent } from "@dtuf/copy";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import { parseTargetPath } from "@dtuf/tuf";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createScene, expectRefusal, repo, rewriteLatest, type Scene } from "./scene.ts";

let scene: Scene;
let mirrors: readonly string[];

/** The machine has pulled release 2; the mirror has release 3, the first place is as the attacker would have it. */
beforeEach(async () => {
  scene = await createScene();
  mirrors = ["--mirror", `${scene.registry.host}/fred/mirror`];
  await scene.pull();
  scene.sim.addTarget("a.txt", Buffer.from("as published anew"));
  await scene.sim.publishRelease();
  await scene.publish("fred/mirror");
});
afterEach(() => scene[Symbol.asyncDispose]());

function first(): ReturnType<Scene["registry"]["repository"]> {
  return scene.registry.repository(repo);
}

async function goBack(): Promise<void> {
  const { tags } = first();
  const old = tags.get("latest") ?? "";
  await scene.publish();
  await scene.machine.must(["pull-metadata", repo]);
  tags.set("latest", old);
}

async function publishStranger(): Promise<void> {
  await scene.publish(repo, await createTufSimulator());
}

const attacks: Readonly<Record<string, () => void | Promise<void>>> = {
  "that lost everything": () => {
    for (const kept of [first().tags, first().manifests, first().blobs]) kept.clear();
  },
  "that is behind what was seen": goBack,
  "that shows a stranger's repository": publishStranger,
  "whose manifest lies about its files": async () => {
    await scene.publish();
    rewriteLatest(scene.registry, (layers) =>
      layers.map((layer) => ({ ...layer, data: Buffer.alloc(layer.size, " ").toString("base64") })),
    );
  },
  "that denies": () =>
    void scene.registry.script({ match: { path: /fred\/demo/ }, fault: { kind: "answer", status: 403 } }),
  "that is no registry": () =>
    void scene.registry.script({
      match: { path: /fred\/demo/ },
      fault: { kind: "answer", status: 200, body: "<html>" },
    }),
};

describe("a first mirror", () => {
  test.each(Object.entries(attacks))("%s is passed over, and named", async (_what, attack) => {
    await attack();
    const ran = await scene.machine.must(["pull-target", repo, "a.txt", ...mirrors]);
    expect(ran.stdout).toBe("as published anew");
    expect(ran.stderr).toContain(`passed over ${scene.registry.host}/${repo}`);
  });

  test.each(Object.entries(attacks))(
    "%s is refused where there is no other, and moves nothing",
    async (_what, attack) => {
      await attack();
      const before = await scene.state();
      const ran = await scene.machine.run(["pull-target", repo, "a.txt"]);
      expect([3, 5, 6, 13]).toContain(ran.status);
      expect(ran.stdout).toBe("");
      expect(await scene.state()).toEqual(before);
    },
  );

  test("with good metadata and other bytes is passed over for the target alone", async () => {
    await scene.publish();
    scene.registry.script({
      match: { path: /fred\/demo\/blobs/ },
      fault: { kind: "change", body: Buffer.from("as published by me") },
    });
    await scene.machine.must(["pull-target", repo, "a.txt", "--output", "a.txt", ...mirrors]);
    expect(await readFile(join(scene.machine.directory, "a.txt"), "utf8")).toBe("as published anew");
    expect((await readdir(scene.machine.directory)).toSorted()).toEqual(["a.txt", "dtuf_repos", "root.json"]);
  });

  test("that hangs is left after the stall time", async () => {
    const time = { now: () => new Date(), random: () => 0.5, sleep: () => Promise.resolve() };
    const createClient = (stallTimeoutMs?: number): RegistryClient =>
      createRegistryClient({
        registry: scene.registry.host,
        scheme: "http",
        transport: { ...time, stallTimeoutMs, retry: { maxAttempts: 1 } },
        ...time,
      });
    const clients = { [repo]: createClient(100), "fred/mirror": createClient() };
    scene.registry.script({ match: { path: /fred\/demo/ }, fault: { kind: "stall", after: "headers" } });
    const events: CopyEvent[] = [];
    const sources = Object.entries(clients).map(([name, client]) =>
      createStoreSource(client.repository(name), { name }),
    );
    const copy = createCopy({
      source: createMirroredSource(sources),
      place: repo,
      directory: join(scene.machine.directory, "dtuf_repos", repo, "copy"),
      now: scene.clock.now,
      onEvent: (event) => events.push(event),
    });
    const target = await copy.findTarget(parseTargetPath("a.txt"));
    for (const client of Object.values(clients)) await client.close();
    expect(target).toMatchObject({ length: "as published anew".length });
    const stalled = expect.objectContaining({ code: "OCI_UNAVAILABLE" }) as unknown;
    expect(events).toEqual([{ kind: "site-skipped", site: repo, error: stalled }]);
  });
});

test("two mirrors that lie: the first one's refusal is told, and nothing moved", async () => {
  await publishStranger();
  await scene.publish("fred/mirror", await createTufSimulator());
  await expectRefusal(scene, ["pull-metadata", repo, ...mirrors], { status: 6, code: "TUF_THRESHOLD_NOT_MET" });
});
