/**
 * The clients of a day: one that was installed on day 0, one that is installed on that day, and one that was offline for half a
 * year. The last one is the client that was installed half a year before and has not run since. To save time it runs on
 * the days on which something happens and on every tenth day, not on all.
 */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createCopy, createStoreSource, type Copy } from "@dtuf/copy";
import { collect } from "@dtuf/registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { expect } from "vitest";
import type { Cast } from "./cast.ts";

export const halfYear = 182;

/** The content of every target that the story says was published. */
export type Ledger = ReadonlyMap<string, string>;

export interface Today {
  readonly day: number;
  readonly isEventful: boolean;
}

export interface Clients {
  /** Each refreshes, and gets exactly what the ledger has. */
  pull(today: Today, ledger: Ledger): Promise<void>;
  /** Each refuses with that code and keeps what it trusted before. A client that is new has nothing then. */
  refuse(today: Today, code: string): Promise<void>;
}

export function createClients(cast: Cast): Clients {
  const source = createStoreSource(cast.store);
  const directoryOf = (installed: number): string => join(cast.directory, "clients", String(installed));

  /** Those of the day, each as a new process with the state that it has. */
  async function* running({ day, isEventful }: Today): AsyncGenerator<{ readonly copy: Copy; readonly who: string }> {
    const isLong = day >= halfYear && (isEventful || day % 10 === 0);
    for (const installed of new Set([0, day, ...(isLong ? [day - halfYear] : [])])) {
      const directory = directoryOf(installed);
      const copy = createCopy({ source, place: "the registry", directory, now: cast.clock.now });
      if (installed === day) await copy.pin(cast.root());
      yield { copy, who: `day ${day}, installed on day ${installed}` };
    }
  }

  return {
    async pull(today, ledger) {
      for await (const { copy, who } of running(today)) await naming(who, () => pull(copy, ledger));
      const over = today.day - halfYear;
      if (over > 0) await rm(directoryOf(over), { recursive: true, force: true });
    },
    async refuse(today, code) {
      for await (const { copy, who } of running(today)) await naming(who, () => refuse(copy, code));
    },
  };
}

/** Errors say whose they are. */
async function naming(who: string, work: () => Promise<void>): Promise<void> {
  await work().catch((cause: unknown) => {
    throw new Error(`${who}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
}

/** Compares the signed hash of every target, and the bytes of those that the client has not pulled before. */
async function pull(copy: Copy, ledger: Ledger): Promise<void> {
  const { updatedTargets } = await copy.pullMetadata();
  const signed: Record<string, unknown> = {};
  for await (const { path, file } of copy.listTargetFiles()) signed[path] = file.hashes.get("sha256");
  const hashes = [...ledger].map(([path, content]) => [path, createHash("sha256").update(content).digest("hex")]);
  expect(signed).toEqual(Object.fromEntries(hashes));
  for (const path of updatedTargets) {
    const target = await copy.findTarget(path);
    const bytes = target === undefined ? new Uint8Array() : await collect(await copy.openTarget(target), target.length);
    expect([path, Buffer.from(bytes).toString()]).toEqual([path, ledger.get(path)]);
  }
}

async function refuse(copy: Copy, code: string): Promise<void> {
  const before = await versionsOf(copy);
  await expectRefused(copy.pullMetadata(), code);
  expect(await versionsOf(copy)).toEqual(before);
}

/** Roots are left out: an honest chain of roots may be followed before a timestamp is refused. */
async function versionsOf(copy: Copy): Promise<unknown> {
  const { versions } = await copy.inspect();
  return Object.fromEntries([...versions].filter(([role]) => role !== "root"));
}
