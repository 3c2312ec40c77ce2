/**
 * Lives a story day by day. In the morning CI refreshes, then the events of the day happen, at noon the clients pull, and in
 * the evening a machine that only looks asks for the status. CI works every second day, and that machine every fourth.
 */
import { createCast, found, workingDays, type Cast } from "./cast.ts";
import { createClients, type Ledger } from "./clients.ts";
import { take, type World } from "./steps.ts";
import type { Story, StoryEvent } from "./words.ts";

/** How many days before an event its warning may have been seen. */
const warningDays = 30;

/** How often CI deletes what no client needs any more. */
const pruningDays = 14;

const lookingDays = 4;

/** A line of the status, such as `timestamp is due` or `cleanup waits for dave`, and the days on which it was seen. */
type Warnings = Map<string, number[]>;

/** A line of the table. */
export interface LivedEvent {
  readonly event: StoryEvent;
  /** Versions after the event. */
  readonly root: number;
  readonly timestamp: number;
  /** The first of the 30 days before on which its warning was seen. */
  readonly warnedOn: number | undefined;
}

/** @throws if a client is stuck or gets anything but what the story says, or if no status warned of an event */
export async function live({ events, until }: Story): Promise<readonly LivedEvent[]> {
  await using cast = await createCast();
  const clients = createClients(cast);
  const warnings: Warnings = new Map();
  const lived: LivedEvent[] = [];
  let [ledger, refusal]: [Ledger, string | undefined] = [new Map(), undefined];
  const versions = await found(cast);
  const world: World = { cast, clients, versions, hashes: new Map(), releases: new Map(), isUp: true, day: 0 };
  await cast.giveKey("monitor", "monitor");
  for (let day = 0; day <= until; day++) {
    world.day = day;
    if (day % workingDays === 0) await work(world);
    cast.clock.advance({ hours: 3 });
    const today = events.filter((event) => event.day === day);
    for (const event of today) {
      lived.push(await happen(world, event, warnings));
      ledger = withPublished(ledger, event);
      if (event.clients !== undefined) refusal = event.clients === "served" ? undefined : event.clients;
    }
    cast.clock.advance({ hours: 3 });
    const noon = { day, isEventful: today.length > 0 };
    await (refusal === undefined ? clients.pull(noon, ledger) : clients.refuse(noon, refusal));
    cast.clock.advance({ hours: 6 });
    const said = day % lookingDays === 0 ? await look(cast) : [];
    for (const line of said) warnings.set(line, [...(warnings.get(line) ?? []), day]);
    cast.clock.advance({ hours: 12 });
  }
  return lived;
}

/** What CI does in the morning. */
async function work(world: World): Promise<void> {
  if (!world.isUp) return;
  const ci = world.cast.open("ci");
  world.versions = (await ci.refreshMetadata()).versions;
  if (world.day % pruningDays === 0) await ci.prune();
}

async function happen(world: World, event: StoryEvent, warnings: Warnings): Promise<LivedEvent> {
  const { day, what, warned, steps } = event;
  world.releases.set(day, world.versions.timestamp);
  for (const step of steps) {
    await take(world, step).catch((cause: unknown) => {
      throw new Error(`day ${day}, ${what} ${JSON.stringify(step)}: ${String(cause)}`, { cause });
    });
  }
  const warnedOn = warned === undefined ? undefined : warnings.get(warned)?.find((seen) => seen >= day - warningDays);
  if (warned !== undefined && warnedOn === undefined) {
    const said = [...warnings].map(([line, days]) => `${line} (last on day ${days.at(-1)})`);
    throw new Error(`day ${day}, ${what}: no status said "${warned}"; it said: ${said.join(", ")}`);
  }
  const { root, timestamp } = world.versions;
  return { event, warnedOn, root, timestamp };
}

function withPublished(ledger: Ledger, { publishes = {} }: StoryEvent): Ledger {
  const next = new Map(ledger);
  for (const [path, content] of Object.entries(publishes)) {
    if (content === undefined) next.delete(path);
    else next.set(path, content);
  }
  return next;
}

/** What `status` says on a machine that has no key of a role. */
async function look(cast: Cast): Promise<readonly string[]> {
  const { due, proposals } = await cast.open("monitor").status({ registry: "check" });
  return [
    ...due.map(({ role, state }) => `${role} ${state === "expired" ? "has expired" : "is due"}`),
    ...proposals.flatMap(({ name, missing }) => missing.map((holder) => `${name} waits for ${holder}`)),
  ];
}

/** The year as a table: one line for each event. */
export function describeYear(lived: readonly LivedEvent[]): string {
  const head = ["day", "root", "release", "warned on", "what happened"];
  const lines = lived.map(({ event, root, timestamp, warnedOn }) =>
    [event.day, root, timestamp, warnedOn ?? "", event.what].map(String),
  );
  const widths = head.map((title, at) => Math.max(...[head, ...lines].map((line) => line[at]?.length ?? title.length)));
  const lay = (cells: readonly string[]): string => cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ");
  return [head, ...lines].map((cells) => lay(cells).trimEnd()).join("\n");
}
