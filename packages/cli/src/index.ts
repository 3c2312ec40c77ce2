export type { Command, Context, ExitStatus, Program } from "./command.ts";
export type { Environment, Io, Output } from "./io.ts";
export { main } from "./main.ts";
