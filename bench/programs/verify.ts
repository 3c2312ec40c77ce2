/** metadataDirectory: parses and verifies the top-level roles, bytes in memory, and prints for how many milliseconds. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createTrustedSet } from "@dtuf/tuf";

const [directory = ""] = process.argv.slice(2);
const read = (name: string): Promise<Buffer> => readFile(join(directory, name));
const set = createTrustedSet({ root: await read("1.root.json"), now: new Date() });
set.finishRoot();
const begun = performance.now();
set.updateTimestamp(await read("timestamp.json"));
set.updateSnapshot(await read(`${set.wanted("snapshot").version}.snapshot.json`), "source");
const snapshotDone = performance.now();
const bytes = await read(`${set.wanted("targets").version}.targets.json`);
const read2 = performance.now();
set.updateTargets(bytes);
const done = performance.now();
console.log(JSON.stringify({ snapshotMs: snapshotDone - begun, targetsMs: done - read2 }));
