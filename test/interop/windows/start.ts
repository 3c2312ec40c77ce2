/** `start REPORT PRELOAD PROGRAM ARGUMENT …` in Windows' Node: what the program writes, and how it exits, goes into files. */
import { appendFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { Writable } from "node:stream";

const [node = "", , report = "", preload = "", program = "", ...args] = process.argv;

for (const name of ["stdout", "stderr"] as const) {
  const file = `${report}.${name}`;
  const value = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      appendFileSync(file, chunk);
      done();
    },
  });
  Object.defineProperty(process, name, { value });
}
process.argv = [node, program, ...args];
process.on("exit", (status) => writeFileSync(`${report}.status`, String(status)));
try {
  if (preload !== "") await import(preload);
  await import(program);
} catch (error) {
  appendFileSync(`${report}.stderr`, error instanceof Error ? `${error.stack}` : String(error));
  process.exitCode = 99;
}
