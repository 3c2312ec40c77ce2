/** The question before a signature. What it is about is always shown, with `--quiet` too. */
import { escapeText } from "@dtuf/registry/escape";
import type { Context } from "../context/command.ts";
import { confirm, whyNobodyIsAsked } from "../context/questions.ts";
import { UsageError } from "../context/usage.ts";

/** @throws UsageError if the person said no, or if nobody can be asked and `--yes` was not given */
export async function askToSign(context: Context, lines: readonly string[]): Promise<void> {
  const { io, values } = context;
  await io.stderr.write(lines.map((line) => `${escapeText(line)}\n`).join(""));
  if (values.on("yes")) return;
  if (io.ask === undefined) {
    throw new UsageError(`nothing was signed: ${whyNobodyIsAsked(context)}`, "read it, then add --yes");
  }
  if (await confirm(context, "Is this what you want to sign?")) return;
  throw new UsageError("nothing was signed");
}
