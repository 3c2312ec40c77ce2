/**
 * Three publishers at once, on a registry that does not let `release.<n>` be moved. Every request of each waits for its turn:
 * one publisher pauses after each number of requests (all of them), and random orders: 40, or as many as DTUF_ORDERS says.
 * 200 were tried when this was written; the order 33 finds a number that a stopped publisher left out.
 */
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createMaster, MasterError, type TargetPart } from "@dtuf/master";
import { createRegistryClient } from "@dtuf/registry/remote";
import type { HostileRegistry, LoggedRequest } from "@dtuf/testing";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

const clock = createFixedClock();
const directory = useDirectory("all tests");
let remote: RemoteRepository;
let root: Uint8Array;
/** Of the first release, which every schedule begins with. */
let first: HostileRegistry;

const createRegistry = (): Promise<RemoteRepository> =>
  createRemoteRepository({ immutableTags: { which: "all but latest", like: "ECR" } });

beforeAll(async () => {
  await using remote = await createRegistry();
  const state = join(directory, "first");
  const master = createMaster({ store: remote.store, place: "here", directory: state, now: clock.now });
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  await master.pushMetadata();
  root = await master.rootFile();
  first = remote.registry;
});
beforeEach(async () => {
  remote = await createRegistry();
  const [from, to] = [first, remote.registry].map((registry) => registry.repository("fred/demo"));
  copyAll(from?.blobs, to?.blobs);
  copyAll(from?.manifests, to?.manifests);
  copyAll(from?.tags, to?.tags);
  for (const name of names) await cp(join(directory, "first"), join(directory, name), { recursive: true });
});
afterEach(async () => {
  await remote[Symbol.asyncDispose]();
  for (const name of names) await rm(join(directory, name), { recursive: true });
});

function copyAll<Value>(from: ReadonlyMap<string, Value> = new Map(), to?: Map<string, Value>): void {
  for (const [key, value] of from) to?.set(key, value);
}

const content = (text: string): TargetPart => ({
  kind: "content",
  content: {
    async *open(offset) {
      yield Buffer.from(text).subarray(offset);
    },
  },
});

const read = async (name: string): Promise<string | undefined> =>
  readTarget(remote.store, await readRelease(remote.store, root, clock.now()), name);

const names = ["p", "q", "r"];

interface Turns {
  /** Resolves when it is that publisher's turn. */
  readonly wait: (name: string) => Promise<void>;
  readonly end: (name: string) => void;
}

/** One request at a time, and only once every publisher that has not ended waits with one: `choose` says whose. */
function createTurns(names: readonly string[], choose: (waiting: readonly string[]) => string): Turns {
  const active = new Set(names);
  const waiting = new Map<string, (() => void)[]>();
  const advance = (): void => {
    const ready = [...active].filter((name) => (waiting.get(name)?.length ?? 0) > 0);
    if (ready.length === active.size && ready.length > 0) waiting.get(choose(ready))?.shift()?.();
  };
  return {
    wait: (name) =>
      new Promise((resolve) => {
        waiting.set(name, [...(waiting.get(name) ?? []), resolve]);
        advance();
      }),
    end: (name) => {
      active.delete(name);
      advance();
    },
  };
}

/**
 * Publishes a target of each at once. Returns those that were told that theirs is published. `stopped`: a bit for each; one
 * that was stopped after it signed passes over a number.
 */
async function race(choose: (waiting: readonly string[]) => string, stopped: number): Promise<readonly string[]> {
  const turns = createTurns(names, choose);
  const told: string[] = [];
  const publishers = names.map((name) => {
    const client = createRegistryClient({
      registry: remote.registry.host,
      scheme: "http",
      headers: { "User-Agent": name },
    });
    const store = client.repository("fred/demo");
    const master = createMaster({
      store,
      place: "here",
      directory: join(directory, name),
      now: clock.now,
      concurrency: 1,
    });
    return { name, client, master };
  });
  for (const [bit, { name, master }] of publishers.entries()) {
    await master.pushTarget(name, [content(name)]);
    if ((stopped & (1 << bit)) === 0) continue;
    const path = /\/manifests\/release\./;
    remote.registry.script({ match: { method: "PUT", path }, times: 1, fault: { kind: "answer", status: 401 } });
    await expect(master.pushMetadata()).rejects.toMatchObject({ code: "OCI_UNAUTHORIZED" });
  }
  const run = ({ headers }: LoggedRequest): Promise<void> => turns.wait(headers["user-agent"] ?? "");
  remote.registry.script({ match: {}, fault: { kind: "run", run } });
  await Promise.all(
    publishers.map(async ({ name, master }) => {
      try {
        await master.pushMetadata();
        told.push(name);
      } catch (error) {
        if (!MasterError.is(error) || error.code !== "MASTER_PUBLISHER_RACE") throw error;
      } finally {
        turns.end(name);
      }
    }),
  );
  remote.registry.clearScript();
  await Promise.all(publishers.map(({ client }) => client.close()));
  return told;
}

/** `first` sends that many requests, then the others publish, one after the other; then it goes on. */
const pausedAt = (requests: number) => {
  let sent = 0;
  return (waiting: readonly string[]): string => {
    if (waiting.includes("p") && (sent < requests || waiting.length === 1)) return (sent++, "p");
    return waiting.find((name) => name !== "p") ?? "p";
  };
};

/** The next number of a linear congruential generator decides. */
const shuffled = (seed: number) => {
  let state = seed;
  return (waiting: readonly string[]): string => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return waiting[Math.floor((state / 2 ** 32) * waiting.length)] ?? "";
  };
};

describe("three publishers at once", () => {
  const schedules = [
    ...Array.from(
      { length: 32 },
      (_, at) => [`the first of whom pauses after ${at} requests`, () => pausedAt(at), at] as const,
    ),
    ...Array.from(
      { length: Number(process.env["DTUF_ORDERS"] ?? 40) },
      (_, at) => [`in the random order ${at}`, () => shuffled(at), at] as const,
    ),
  ];
  test.for(schedules)("%s, lose no target that one of them was told is published", async ([, schedule, stopped]) => {
    const told = await race(schedule(), stopped % 8);
    expect(told.length).toBeGreaterThan(0);
    for (const name of told) expect(await read(name)).toBe(name);
    expect(remote.registry.violations).toEqual([]);
  });
});
