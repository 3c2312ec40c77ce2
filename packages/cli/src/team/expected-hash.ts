import type { Context } from "../context/command.ts";

export function expectedHash({ values }: Context): string | undefined {
  const given = values.text("expect-hash") ?? "";
  return given === "" ? undefined : given;
}
