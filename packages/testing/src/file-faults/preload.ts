/** Loaded into a child process with `node --import`: arms one fault from the environment. */
import { writeFileSync } from "node:fs";
import { armFileFault } from "./file-faults.ts";

const { DTUF_KILL_ROOT: root = "/", DTUF_KILL_AT: at, DTUF_KILL_COUNT_FILE: countFile } = process.env;
const kind = process.env["DTUF_KILL_KIND"] === "cut" ? "cut" : "kill";

const fault = await armFileFault({ root, kind, at: at === undefined ? undefined : Number(at) });

process.on("exit", () => {
  if (countFile !== undefined) writeFileSync(countFile, String(fault.count()));
});
