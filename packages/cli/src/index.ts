export type { Command, Context, ExitStatus, Program } from "./context/command.ts";
export type { Environment, Io, Output } from "./context/io.ts";
export { main } from "./main.ts";
