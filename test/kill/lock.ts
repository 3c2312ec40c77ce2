/** One of many processes that take a lock in turn and write down when they are inside; some die there. */
import { withLock } from "@dtuf/registry/files";
import { appendFileSync } from "node:fs";
import { argv, kill, pid } from "node:process";

const [, , path = "", log = "", turns = "", killedAt = ""] = argv;
for (let turn = 1; turn <= Number(turns); turn++) {
  await withLock(path, { wait: "wait" }, async () => {
    appendFileSync(log, `enter ${pid}\n`);
    await new Promise(setImmediate);
    if (turn === Number(killedAt)) kill(pid, "SIGKILL");
    appendFileSync(log, `leave ${pid}\n`);
  });
}
