/** Colour says what the words say, too: on a terminal, unless NO_COLOR is set (no-color.org) or the terminal is dumb. */
import type { Io } from "../io.ts";

/** "plain" and undefined: the terminal's own colour. */
export type Tone = "good" | "soon" | "bad" | "plain";

/** Green, yellow, red: of the sixteen that the user chose for the terminal. */
const codes: Readonly<Record<Exclude<Tone, "plain">, number>> = { good: 32, soon: 33, bad: 31 };

/** @param line escaped already */
export function paint(line: string, tone: Tone | undefined, { env, stdout }: Pick<Io, "env" | "stdout">): string {
  const isColour = stdout.terminal === "terminal" && (env["NO_COLOR"] ?? "") === "" && hasColours(env["TERM"]);
  if (!isColour || tone === undefined || tone === "plain") return line;
  return `\u001b[${codes[tone]}m${line}\u001b[39m`;
}

function hasColours(term: string | undefined): boolean {
  return term !== undefined && term !== "" && term !== "dumb";
}
