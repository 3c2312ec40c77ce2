/** The shortest way to the answer: what a command does not need is not loaded. */
import { homedir } from "node:os";
import type { Program } from "../context/command.ts";
import { version } from "../version.ts";
import { keepCompiledCode } from "./compile-cache.ts";

/** @param code "embedded": in the executable, compiled already */
export async function start(program: Program, code: "files" | "embedded"): Promise<void> {
  const { argv, env, platform, stdout } = process;
  if (argv.length === 3 && ["--version", "-V"].includes(argv[2] ?? "")) {
    stdout.on("error", () => undefined);
    stdout.write(`${version}\n`);
    return;
  }
  if (code === "files") keepCompiledCode({ env, home: homedir(), platform, userId: process.getuid?.() });
  const { run } = await import("./run.ts");
  await run(program);
}
