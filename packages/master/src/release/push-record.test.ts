import { createPrivateKey } from "node:crypto";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { latestTag } from "@dtuf/format";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { createSigner, parseUnverified, signPushRecord, verifyPushRecord, type PushRecord } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { directory, clock, store, open } = usePublishers(createMaster);
let pusher: Master;
let timer: Master;
let root: Uint8Array;
/** Of snapshot 2. */
let file: Uint8Array;
const at = (...names: string[]): string => join(directory, ...names);

beforeEach(async () => {
  pusher = await establish(open("pusher"));
  await pusher.pushMetadata();
  file = await push();
  root = await pusher.rootFile();
  timer = await createTimer("timer");
});

const push = async (expectSnapshot?: string): Promise<Uint8Array> =>
  (await pusher.pushMetadata({ record: {}, expectSnapshot })).signedRecord ?? new Uint8Array();

/** A machine with the online keys alone. */
async function createTimer(name: string, record?: Uint8Array): Promise<Master> {
  const created = open(name);
  await created.adopt({ root, record });
  await mkdir(at(name, "keys"), { recursive: true });
  for (const role of ["timestamp", "snapshot"]) {
    for (const end of ["", ".pub"]) await cp(at(`pusher/keys/${role}_key${end}`), at(name, `keys/${role}_key${end}`));
  }
  return created;
}

function parse(record: Uint8Array): PushRecord {
  const { keys, roles } = parseUnverified(root, "root");
  return verifyPushRecord(record, { keys, role: roles.targets });
}

/** The record of snapshot 2 with other words, signed by a key of the pusher's. */
async function signed(change: Partial<PushRecord>, role = "targets"): Promise<Uint8Array> {
  const key = createPrivateKey(await readFile(at(`pusher/keys/${role}_key`)));
  return signPushRecord({ ...parse(file), ...change }, [createSigner(key)]);
}

/** What a refusal may not move. */
async function trusted(): Promise<unknown> {
  return [
    await readFile(at("timer/record.json"), "utf8"),
    (await store.resolve(latestTag, { want: "digest" }))?.descriptor,
  ];
}

async function expectRefusal(record: Uint8Array, code: string): Promise<void> {
  const before = await trusted();
  await expectRefused(timer.refreshMetadata({ record, snapshot: "if-due" }), code);
  expect(await trusted()).toEqual(before);
  await expectRefused(open("fresh").adopt({ root, record }), code);
  await expectRefused(readFile(at("fresh/record.json")), "ENOENT");
}

describe("a record of a push [T135]", () => {
  test("names the pushed files and until when they may be renewed: 14 days by default", async () => {
    const now = clock.now();
    const { snapshot, until, made } = parse(file);
    expect({ version: snapshot.version, made, until }).toEqual({
      version: 2,
      made: now,
      until: new Date(now.getTime() + 14 * 86_400_000),
    });
    const { signedRecord, record } = await pusher.pushMetadata({ record: { lifetimeMs: 3_600_000 } });
    expect(record).toEqual({ until: new Date(now.getTime() + 3_600_000), state: "good" });
    expect(parse(signedRecord ?? file).until).toEqual(record?.until);
    await expect(pusher.pushMetadata({ record: { lifetimeMs: 999 } })).rejects.toThrow(TypeError);
    expect(await pusher.pushMetadata()).not.toHaveProperty("signedRecord", expect.anything());
  });

  test("lets another state renew snapshot and timestamp repeatedly, but never beyond `until`", async () => {
    const { until } = parse(file);
    const renewed: string[] = [];
    for (let day = 0; day < 13.5; day += 0.5) {
      const result = await timer.refreshMetadata({ record: file });
      expect(result.servedUntil <= until).toBe(true);
      expect(result.record).toEqual({ until, state: day < 7 ? "good" : "soon" });
      renewed.push(...result.renewed.filter((role) => role === "snapshot"));
      clock.advance({ hours: 12 });
    }
    expect(renewed).toHaveLength(2);
    const { servedUntil, versions } = await timer.refreshMetadata({ record: file });
    expect(versions.snapshot).toBe(4);
    expect(servedUntil).toEqual(until);
    const expirations = await timer.expirations();
    expect([expirations.get("timestamp"), expirations.get("snapshot")]).toEqual([until, until]);
    const other = await createTimer("other", file);
    expect((await other.status()).record).toEqual({ until, state: "soon" });
    await expect(other.refreshMetadata({ record: file })).resolves.toMatchObject({ servedUntil: until });
    clock.advance({ hours: 12 });
    await expectRefusal(file, "MASTER_RECORD_DUE");
    const newer = await push("4");
    await expect(timer.refreshMetadata({ record: newer })).resolves.toMatchObject({ record: { state: "good" } });
  });

  test("is accepted after a change of every key, and shows that an expired timestamp is not a replay", async () => {
    await pusher.createRootKey();
    await pusher.createMetadataKeys();
    await pusher.resetKeys();
    const newer = await push();
    clock.advance({ days: 2 });
    for (const role of ["timestamp", "snapshot"]) {
      for (const end of ["", ".pub"]) await cp(at(`pusher/keys/${role}_key${end}`), at(`timer/keys/${role}_key${end}`));
    }
    await expectRefused(timer.refreshMetadata(), "MASTER_BASE_EXPIRED");
    await expectRefusal(file, "MASTER_RECORD_MISMATCH");
    await expect(timer.refreshMetadata({ record: newer })).resolves.toMatchObject({
      versions: { root: 2, snapshot: 3 },
    });
  });

  test("is refused while the registry has an older release than it names", async () => {
    await cp(at("registry"), at("shown"), { recursive: true });
    const newer = await push();
    Object.assign(store, createLayoutStore({ directory: at("shown"), now: clock.now }));
    timer = open("timer");
    await expectRefusal(newer, "MASTER_RECORD_MISMATCH");
  });

  test("is refused if the registry has a newer release than it names", async () => {
    await push();
    await expectRefusal(file, "MASTER_RECORD_MISMATCH");
  });

  const { a, b } = { a: "a".repeat(64), b: "b".repeat(64) };
  test.each<[string, (record: PushRecord) => Partial<PushRecord>]>([
    ["another snapshot of that version", ({ snapshot }) => ({ snapshot: { ...snapshot, sha256: a } })],
    ["an older snapshot that lists something else", () => ({ snapshot: { version: 1, sha256: a, metaSha256: b } })],
    ["a newer snapshot", ({ snapshot }) => ({ snapshot: { ...snapshot, version: 3 } })],
    ["older targets", () => ({ targets: { version: 1 } })],
    ["newer targets", () => ({ targets: { version: 3 } })],
    ["another repository's root", () => ({ root: { version: 1, sha256: a } })],
    ["a newer root", ({ root: { sha256 } }) => ({ root: { version: 2, sha256 } })],
  ])("is refused when it names %s", async (_what, change) => {
    await expectRefusal(await signed(change(parse(file))), "MASTER_RECORD_MISMATCH");
    await expect(timer.refreshMetadata({ record: file })).resolves.toMatchObject({ versions: { snapshot: 2 } });
  });

  test("is refused if another role's key signed it, if it cannot be parsed, and if it was made in the future", async () => {
    await expectRefusal(await signed({}, "snapshot"), "MASTER_RECORD_MISMATCH");
    await expectRefusal(Buffer.from("{}"), "TUF_MALFORMED");
    await expectRefusal(await readSnapshot(), "MASTER_RECORD_MISMATCH");
    const made = new Date(clock.now().getTime() + 3_600_000);
    await expectRefusal(await signed({ made }), "MASTER_CLOCK_SUSPECT");
    await expect(timer.refreshMetadata({ record: await signed({ made }), clock: "trusted" })).resolves.toBeDefined();
  });

  test("is refused if it is older than one that this state has used", async () => {
    const { until, snapshot } = parse(file);
    const longer = await signed({ until: new Date(until.getTime() + 1000) });
    clock.advance({ days: 4 });
    expect((await timer.refreshMetadata({ record: longer })).versions.snapshot).toBe(3);
    const before = await trusted();
    const older = [
      file,
      await signed({ until: new Date(until.getTime() + 2000), snapshot: { ...snapshot, version: 1 } }),
      await signed({ until: new Date(until.getTime() + 2000), snapshot: { ...snapshot, sha256: a } }),
    ];
    for (const record of older) {
      await expectRefused(timer.refreshMetadata({ record }), "MASTER_RECORD_MISMATCH");
    }
    expect(await trusted()).toEqual(before);
    await expect(timer.refreshMetadata({ record: longer })).resolves.toBeDefined();
    const newer = await pusher.pushMetadata({ record: { lifetimeMs: 3_600_000 } });
    const shorter = { record: newer.signedRecord };
    expect(newer.record?.until).toEqual(new Date(clock.now().getTime() + 3_600_000));
    await expect(timer.refreshMetadata(shorter)).resolves.toMatchObject({ record: { until: newer.record?.until } });
  });

  test("limits a refresh after an interrupted one, and a refresh on the state's own record", async () => {
    const other = await signed({ targets: { version: 3 } });
    const dying: LayoutStore = {
      ...store,
      swapTag: async (...args) => {
        await store.swapTag(...args);
        throw new TypeError("the machine was switched off");
      },
    };
    await expect(open("timer", { store: dying }).refreshMetadata({ record: file })).rejects.toThrow("switched off");
    const before = await trusted();
    await expectRefused(timer.refreshMetadata({ record: other }), "MASTER_RECORD_MISMATCH");
    expect(await trusted()).toEqual(before);
    const refused = timer.refreshMetadata({ record: other, base: "recorded" });
    await expectRefused(refused, "MASTER_RECORD_MISMATCH");
    expect(await trusted()).toEqual(before);
  });

  test("is in the status of the state that made it and of the state that used it, until a push without one", async () => {
    const { until } = parse(file);
    expect((await timer.status()).record).toBeUndefined();
    await timer.refreshMetadata({ record: file });
    for (const [days, state] of [
      [0, "good"],
      [7, "soon"],
      [7, "due"],
    ] as const) {
      clock.advance({ days });
      expect((await timer.status()).record).toEqual({ until, state });
      expect((await pusher.status()).record).toEqual({ until, state });
    }
    await pusher.pushMetadata({ expectSnapshot: "2" });
    expect((await pusher.status()).record).toBeUndefined();
  });
});

async function readSnapshot(): Promise<Uint8Array> {
  const { snapshot } = (
    JSON.parse(await readFile(at("pusher/record.json"), "utf8")) as { head: { snapshot: { sha256: string } } }
  ).head;
  return readFile(at("pusher/metadata", `${snapshot.sha256}.json`));
}
