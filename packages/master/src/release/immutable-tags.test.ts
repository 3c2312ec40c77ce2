/** Publishing where the registry does not let tags be moved: `release.<n>` is the lock between publishers. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latestTag } from "@dtuf/format";
import { createRegistryClient } from "@dtuf/registry/remote";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import type { HostileRegistryOptions, LoggedRequest } from "@dtuf/testing";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMaster, MasterError, type Master, type TargetPart } from "../index.ts";

let directory: string;
let clock: FixedClock;

beforeEach(async () => {
  clock = createFixedClock();
  directory = await mkdtemp(join(tmpdir(), "dtuf-immutable-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const content = (text: string): TargetPart => ({
  kind: "content",
  content: {
    async *open(offset) {
      yield Buffer.from(text).subarray(offset);
    },
  },
});

type Which = NonNullable<HostileRegistryOptions["immutableTags"]>;

async function open(immutableTags: Which): Promise<{ remote: RemoteRepository; master: Master }> {
  const remote = await createRemoteRepository({ immutableTags });
  const master = createMaster({ store: remote.store, place: "here", directory: join(directory, "a"), now: clock.now });
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  return { remote, master };
}

async function read({ store }: RemoteRepository, master: Master, name: string): Promise<string | undefined> {
  return readTarget(store, await readRelease(store, await master.rootFile(), clock.now()), name);
}

describe.for(["ECR", "Harbor"] as const)("where all tags but `latest` are immutable, as on %s,", (like) => {
  test("a target is published, published again, refreshed and pruned", async () => {
    const { remote, master } = await open({ which: "all but latest", like });
    await using _ = remote;
    await master.pushTarget("x", [content("X")]);
    await master.pushMetadata();
    await master.pushTarget("x", [content("X")]);
    await master.pushMetadata();
    await master.deleteTarget("x");
    await master.pushTarget("y", [content("Y")]);
    await master.pushMetadata();
    await master.refreshMetadata();
    clock.advance({ days: 10 });
    await master.pushMetadata();
    expect(await master.prune()).toMatchObject({ releases: [2, 3, 4] });
    expect([await read(remote, master, "x"), await read(remote, master, "y")]).toEqual([undefined, "Y"]);
    expect(remote.registry.violations).toEqual([]);
  });

  test("a number that another publisher's release took is given way to", async () => {
    const { remote, master } = await open({ which: "all but latest", like });
    await using _ = remote;
    await master.pushMetadata();
    await cp(join(directory, "a"), join(directory, "b"), { recursive: true });
    const other = createMaster({ store: remote.store, place: "here", directory: join(directory, "b"), now: clock.now });
    await master.pushTarget("a", [content("A")]);
    await other.pushTarget("b", [content("B")]);
    const path = /\/manifests\/release\.3$/;
    const run = async (): Promise<void> => void (await other.pushMetadata());
    remote.registry.script({ match: { method: "PUT", path }, times: 1, fault: { kind: "run", run } });
    await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 1, versions: { timestamp: 4 } });
    expect([await read(remote, master, "a"), await read(remote, master, "b")]).toEqual(["A", "B"]);
  });

  test("a release whose publisher was stopped before it moved `latest` is built on, and holds nobody up", async () => {
    const { remote, master } = await open({ which: "all but latest", like });
    await using _ = remote;
    await master.pushMetadata();
    await cp(join(directory, "a"), join(directory, "b"), { recursive: true });
    const other = createMaster({ store: remote.store, place: "here", directory: join(directory, "b"), now: clock.now });
    await other.pushTarget("b", [content("B")]);
    const path = /\/manifests\/latest$/;
    remote.registry.script({ match: { method: "PUT", path }, times: 1, fault: { kind: "answer", status: 403 } });
    await expect(other.pushMetadata()).rejects.toMatchObject({ code: "OCI_FORBIDDEN" });
    await master.pushTarget("a", [content("A")]);
    await master.pushMetadata();
    expect([await read(remote, master, "a"), await read(remote, master, "b")]).toEqual(["A", "B"]);
    await other.pushMetadata();
    expect([await read(remote, master, "a"), await read(remote, master, "b")]).toEqual(["A", "B"]);
  });

  test("`latest` too: the second publication is refused by name, and the first one stays", async () => {
    const { remote, master } = await open({ which: "all", like });
    await using _ = remote;
    await master.pushMetadata();
    const before = await remote.store.resolve(latestTag, { want: "digest" });
    await master.pushTarget("x", [content("X")]);
    const details = { tag: "latest", got: before?.descriptor.digest };
    await expect(master.pushMetadata()).rejects.toMatchObject({ code: "OCI_TAG_IMMUTABLE", details });
    expect(await remote.store.resolve(latestTag, { want: "digest" })).toEqual(before);
    expect((await master.staged()).targets).toMatchObject([{ path: "x", change: "add" }]);
  });
});

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

/** Publishes a target of each at once. Returns those that were told that theirs is published. */
async function race(
  remote: RemoteRepository,
  names: readonly string[],
  choose: (waiting: readonly string[]) => string,
): Promise<readonly string[]> {
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
  for (const { name, master } of publishers) await master.pushTarget(name, [content(name)]);
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

const names = ["p", "q", "r"];

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
      { length: 24 },
      (_, at) => [`the first of whom pauses after ${at} requests`, () => pausedAt(at)] as const,
    ),
    ...Array.from({ length: 16 }, (_, at) => [`in the random order ${at}`, () => shuffled(at)] as const),
  ];
  test.for(schedules)("%s, lose no target that one of them was told is published", async ([, schedule]) => {
    const { remote, master } = await open({ which: "all but latest", like: "ECR" });
    await using _ = remote;
    await master.pushMetadata();
    for (const name of names) await cp(join(directory, "a"), join(directory, name), { recursive: true });
    const told = await race(remote, names, schedule());
    expect(told.length).toBeGreaterThan(0);
    for (const name of told) expect(await read(remote, master, name)).toBe(name);
  });
});
