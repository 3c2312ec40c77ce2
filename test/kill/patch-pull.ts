/** `dtuf` in a directory, which is its last argument: the words before it are those of the command. */
import process from "node:process";
import { start } from "../../packages/cli/src/bin/start.ts";

const directory = process.argv.at(-1) ?? "";
process.chdir(directory);
process.env["HOME"] = directory;
process.argv = process.argv.slice(0, -1);
await start("dtuf", "embedded");
