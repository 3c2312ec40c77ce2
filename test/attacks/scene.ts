/** A simulator that publishes into a hostile registry, and a machine that pulls from there with the command line. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@dtuf/registry";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import { createHostileRegistry, type HostileRegistry } from "@dtuf/testing";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { expect } from "vitest";
import { createMachine, type Machine, type Ran } from "../cli/machine.ts";

export const repo = "fred/demo";

export interface Scene extends AsyncDisposable {
  readonly registry: HostileRegistry;
  readonly client: RegistryClient;
  readonly machine: Machine;
  readonly clock: FixedClock;
  readonly sim: TufSimulator;
  /** What the simulator last signed, into a repository; `fred/demo` unless told. */
  publish(repository?: string, sim?: TufSimulator): Promise<void>;
  /** The first pull, with the simulator's first root as pin. */
  pull(): Promise<Ran>;
  /** Everything that the client machine keeps, but for its locks: file -> digest. */
  state(): Promise<ReadonlyMap<string, string>>;
}

/** `a.txt` is published and nothing pulled. The clock stands a day after the simulator's. */
export async function createScene(): Promise<Scene> {
  const registry = await createHostileRegistry();
  const time = { now: () => new Date(), random: () => 0.5, sleep: () => Promise.resolve() };
  const client = createRegistryClient({ registry: registry.host, scheme: "http", transport: time, ...time });
  const machine = await createMachine({ DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
  const clock = createFixedClock("2030-01-02T00:00:00Z");
  machine.now = clock.now;
  const sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("as published"));
  await sim.publishRelease();

  async function state(): Promise<ReadonlyMap<string, string>> {
    const files = await readdir(machine.directory, { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    const kept = paths.filter((path) => !/\/(?:lock|locks\/[^/]*|failure\.json)$/.test(path));
    return new Map(await Promise.all(kept.map(async (path) => [path, digestOf(await readFile(path))] as const)));
  }

  const scene: Scene = {
    ...{ registry, client, machine, clock, sim, state },
    publish: (repository = repo, published = sim) => publishToStore(published, client.repository(repository)),
    async pull() {
      await writeFile(join(machine.directory, "root.json"), sim.files.get("1.root.json") ?? "");
      return machine.must(["pull-metadata", repo, "root.json"]);
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await registry.close();
      await machine[Symbol.asyncDispose]();
    },
  };
  await scene.publish();
  return scene;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
}

/** Runs, expects this refusal and not a byte of output, and every file as it was. */
export async function expectRefusal(scene: Scene, words: readonly string[], refusal: Refusal): Promise<void> {
  const { status, code } = refusal;
  const before = await scene.state();
  const ran = await scene.machine.run(words);
  expect(ran.stderr).toContain(code);
  expect(ran).toMatchObject({ status, stdout: "" });
  expect(await scene.state()).toEqual(before);
}

export interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  /** Base64. */
  readonly data?: string;
  readonly annotations: { readonly [name: string]: string };
}

interface ManifestJson {
  readonly layers: readonly Layer[];
}

export function fileNameOf({ annotations }: Layer): string {
  return annotations["tuf.io/filename"] ?? "";
}

export function latestLayers(registry: HostileRegistry, repository: string = repo): readonly Layer[] {
  const { tags, manifests } = registry.repository(repository);
  const bytes = manifests.get(tags.get("latest") ?? "")?.bytes ?? "{}";
  return (JSON.parse(Buffer.from(bytes).toString()) as ManifestJson).layers;
}

/** Writes another manifest under `latest`: the present one with other layers. */
export function rewriteLatest(registry: HostileRegistry, change: (layers: readonly Layer[]) => readonly Layer[]): void {
  const { tags, manifests } = registry.repository(repo);
  const stored = manifests.get(tags.get("latest") ?? "");
  if (stored === undefined) throw new TypeError("nothing is published");
  const json = JSON.parse(Buffer.from(stored.bytes).toString()) as ManifestJson;
  const bytes = Buffer.from(JSON.stringify({ ...json, layers: change(json.layers) }));
  manifests.set(digestOf(bytes), { mediaType: stored.mediaType, bytes });
  tags.set("latest", digestOf(bytes));
}
