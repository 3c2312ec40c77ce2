/** `dtuf` with a registry, its first argument, in a directory, its last one: the words between are those of the command. */
import process from "node:process";
import { start } from "../../packages/cli/src/bin/start.ts";

const [node = "", file = "", host = "", ...words] = process.argv;
const directory = words.pop() ?? "";
process.chdir(directory);
Object.assign(process.env, { HOME: directory, DTUF_HOST: host, DTUF_INSECURE: "1" });
process.argv = [node, file, ...words];
await start("dtuf", "embedded");
