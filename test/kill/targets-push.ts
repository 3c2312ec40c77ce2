/** A publisher stages a directory in one call over a target that was staged alone, and takes one of its targets back. */
import { join } from "node:path";
import process from "node:process";
import { createMaster, type Master } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";

const now = (): Date => new Date("2030-01-20T00:00:00Z");

export function openMaster(directory: string): Master {
  const store = createLayoutStore({ directory: join(directory, "registry"), now });
  return createMaster({ store, place: "here", directory: join(directory, "master"), now, concurrency: 1 });
}

export async function pushDirectory(directory: string): Promise<void> {
  await using master = openMaster(directory);
  const parts = [{ kind: "file", path: join(directory, "new") }] as const;
  const targets = ["one", "three", "four"].map((name) => ({ name, parts }));
  await master.pushTargets(targets, { deleteOthers: "" });
  await master.unstage(["four"]);
}

if (import.meta.main) await pushDirectory(process.argv[2] ?? "");
