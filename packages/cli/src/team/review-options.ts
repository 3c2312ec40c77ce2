import type { ReviewOptions } from "@dtuf/master";
import type { Context } from "../context/command.ts";

export function expectedHash({ values }: Context): string | undefined {
  const given = values.text("expect-hash") ?? "";
  return given === "" ? undefined : given;
}

/** The settings that are common to looking at a proposal, signing and accepting it. @throws UsageError */
export function reviewOptions(context: Context): ReviewOptions {
  const clock = context.values.on("trust-clock") ? "trusted" : "checked";
  return { expectHash: expectedHash(context), clock, signal: context.io.signal };
}
