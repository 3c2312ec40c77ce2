/** A machine that pulls from a simulator, and what it trusts. */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCopy, type Copy, type Source } from "@dtuf/copy";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";

export const now: Date = new Date("2030-01-02T00:00:00Z");
export const past: Date = new Date("2030-01-01T12:00:00Z");

export interface Victim extends AsyncDisposable {
  readonly home: string;
  /** A client on the victim's state, as after a restart. */
  copy(source: Source): Copy;
  /** `2.root`, `5.timestamp` …: the newest accepted file of each role, as it lies on disk. */
  trusted(): Promise<readonly string[]>;
  /** The same, with each file's SHA-256. */
  state(): Promise<readonly string[]>;
}

/** Pinned to the simulator's first root; nothing pulled yet. */
export async function createVictim(sim: TufSimulator): Promise<Victim> {
  const home = await mkdtemp(join(tmpdir(), "dtuf-attack-"));
  const copy = (source: Source): Copy =>
    createCopy({ source, place: "victim", directory: join(home, "copy"), now: () => now });
  await copy({ sites: [] }).pin(sim.files.get("1.root.json") ?? new Uint8Array());
  const files = (): ReturnType<Copy["trustedFiles"]> => copy({ sites: [] }).trustedFiles();
  return {
    home,
    copy,
    async trusted() {
      const newest = new Map((await files()).map(({ role, version }) => [role, `${version}.${role}`]));
      return [...newest.values()];
    },
    async state() {
      return (await files()).map(
        ({ role, version, bytes }) => `${version}.${role} ${createHash("sha256").update(bytes).digest("hex")}`,
      );
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** The code with which it was refused, or "accepted". */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "accepted";
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
}
