/**
 * Questions are for a person at a terminal: never in a pipe, never with CI set, never with `--no-input`. Then an error names
 * the variable or the flag that gives the answer.
 */
import type { Context } from "./command.ts";
import type { Io } from "./io.ts";
import type { Values } from "./settings/values.ts";

/** The same world, without a way to ask if nobody may be asked. */
export function allowQuestions(io: Io, values: Values): Io {
  return values.on("no-input") || isCi(io) ? { ...io, ask: undefined, askSecret: undefined } : io;
}

function isCi({ env }: Pick<Io, "env">): boolean {
  return (env["CI"] ?? "") !== "";
}

/** For errors: `… and there is no terminal to ask on`. */
export function whyNobodyIsAsked({ io, values }: Context): string {
  if (values.on("no-input")) return `${values.given("no-input")} lets nobody be asked`;
  return isCi(io) ? "CI is set, so nobody is asked" : "there is no terminal to ask on";
}

/** True only if a person typed the whole word, because a key that was hit by chance must not change what is trusted. */
export async function confirm({ io }: Context, question: string): Promise<boolean> {
  return (await io.ask?.(`${question} Type yes: `))?.trim().toLowerCase() === "yes";
}
