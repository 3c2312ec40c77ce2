/** A machine that only refreshes sees what the registry shows it: how long clients are held at a release that was replaced. */
import { cp, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createCopy, createStoreSource } from "@dtuf/copy";
import { createMaster, type Master, type RefreshOptions } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";

const directory = useDirectory();
let clock: FixedClock;
let pusher: Master;
let root: Uint8Array;
/** Of the release with the hole. */
let record: Uint8Array | undefined;
const at = (...names: string[]): string => join(directory, ...names);

const master = (store: string, state: string): Master =>
  createMaster({
    store: createLayoutStore({ directory: at(store), now: clock.now }),
    place: "here",
    directory: at(state),
    now: clock.now,
  });

async function publish(content: string, by = pusher): Promise<Uint8Array | undefined> {
  await writeFile(at("app"), content);
  await by.pushTarget("app", [{ kind: "file", path: at("app") }]);
  return (await by.pushMetadata({ record: {} })).signedRecord;
}

/** The release with the hole is what `shown` shows for ever; `honest` has the one that mends it, snapshot 3. */
beforeEach(async () => {
  clock = createFixedClock();
  pusher = master("honest", "pusher");
  await pusher.createRootKey();
  await pusher.createMetadataKeys();
  await pusher.createMetadata();
  record = await publish("a hole");
  root = await pusher.rootFile();
  await cp(at("honest"), at("shown"), { recursive: true });
});

/** A state of its own, that adopted what was the newest then. */
async function createState(name: string, store: string, roles: readonly string[]): Promise<Master> {
  const state = master(store, name);
  await state.adopt({ root });
  await mkdir(at(name, "keys"), { recursive: true });
  for (const role of roles) {
    for (const end of ["", ".pub"]) await cp(at(`pusher/keys/${role}_key${end}`), at(name, `keys/${role}_key${end}`));
  }
  return state;
}

const createTimer = (): Promise<Master> => createState("timer", "shown", ["timestamp", "snapshot"]);
const createSecond = (): Promise<Master> => createState("second", "honest", ["targets", "timestamp", "snapshot"]);

async function isServed(): Promise<boolean> {
  const source = createStoreSource(createLayoutStore({ directory: at("shown") }));
  const client = createCopy({ source, place: "here", directory: await mkdtemp(at("client-")), now: clock.now });
  return client.pullMetadata({ pin: { kind: "root", bytes: root } }).then(
    () => true,
    (error: unknown) => {
      expect(error).toMatchObject({ code: "TUF_EXPIRED" });
      return false;
    },
  );
}

/** @returns the day on which a client without a cache refuses what is shown, and why the timer stopped before */
async function hold(
  timer: Master,
  options: RefreshOptions = {},
): Promise<{ day: number; refusal: string | undefined }> {
  let refusal: string | undefined;
  for (let half = 0; half < 800; half++) {
    if (refusal === undefined) {
      await timer.refreshMetadata(options).catch((error: unknown) => {
        refusal = (error as { code: string }).code;
      });
    }
    // While the timer goes on, a look each week finds out too.
    if ((refusal !== undefined || half % 14 === 0) && !(await isServed())) return { day: half / 2, refusal };
    clock.advance({ hours: 12 });
  }
  throw new RangeError("clients are held for ever");
}

interface Row {
  readonly set: string;
  readonly day: number;
  readonly refusal: string;
  /** Whose state refreshes. Default: one of its own. */
  readonly by?: "pusher";
  /** Who publishes what is hidden. Default: the pusher. */
  readonly hidden?: "of another publisher";
  /** That of the hidden release, or of what is shown. */
  readonly record?: "new" | "old";
  readonly options?: RefreshOptions;
}

const rows: readonly Row[] = [
  { set: "one state", day: 1, refusal: "TUF_ROLLBACK", by: "pusher" },
  { set: "two states", day: 7, refusal: "MASTER_ROLE_EXPIRED" },
  { set: "two states and a floor", day: 1, refusal: "MASTER_BASE_UNEXPECTED", options: { expectSnapshot: ">=3" } },
  { set: "two states and the new record", day: 1, refusal: "MASTER_RECORD_MISMATCH", record: "new" },
  { set: "two states and the old record alone", day: 14, refusal: "MASTER_RECORD_DUE", record: "old" },
  { set: "two states and --snapshot", day: 91.5, refusal: "MASTER_ROLE_EXPIRED", options: { snapshot: "if-due" } },
  {
    set: "two publishers",
    day: 91.5,
    refusal: "MASTER_ROLE_EXPIRED",
    by: "pusher",
    hidden: "of another publisher",
  },
  {
    set: "two publishers and the new record",
    day: 1,
    refusal: "MASTER_RECORD_MISMATCH",
    by: "pusher",
    hidden: "of another publisher",
    record: "new",
  },
];

test.each(rows)("$set: clients are held at a hidden release's forerunner until day $day [T135]", async (row) => {
  const timer = row.by === "pusher" ? master("shown", "pusher") : await createTimer();
  const newer = await publish("mended", row.hidden === undefined ? pusher : await createSecond());
  const handed = row.record === undefined ? {} : { record: row.record === "new" ? newer : record };
  const { set, day, refusal } = row;
  const held = await hold(timer, { ...row.options, ...handed });
  console.log(`${set}: the timer stops (${String(held.refusal)}), clients refuse on day ${held.day}`);
  expect(held).toEqual({ day, refusal });
});

test("the state that pushed renews its snapshot, another one only when it is told to [T135]", async () => {
  await pusher.pushMetadata();
  await cp(at("honest"), at("shown"), { recursive: true });
  const timer = await createTimer();
  clock.advance({ days: 4 });
  const own = await master("honest", "pusher").refreshMetadata();
  expect(own.renewed).toEqual(["snapshot", "timestamp"]);
  expect(await timer.refreshMetadata()).toMatchObject({ renewed: ["timestamp"], due: [{ role: "snapshot" }] });
  expect((await timer.refreshMetadata({ snapshot: "if-due" })).renewed).toEqual(["snapshot", "timestamp"]);
  expect((await timer.refreshMetadata({ snapshot: "if-due", withinMs: 8 * 86_400_000 })).renewed).toContain("snapshot");
  expect((await timer.refreshMetadata({ withinMs: 8 * 86_400_000 })).renewed).toEqual(["timestamp"]);
});
