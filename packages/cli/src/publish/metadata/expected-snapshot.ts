import type { Values } from "../../context/settings/values.ts";
import { UsageError } from "../../context/usage.ts";

/** @throws UsageError */
export function expectedSnapshot(values: Values): string | undefined {
  const expected = values.text("expect-snapshot");
  if (expected === undefined || expected === "") return undefined;
  if (/^(?:(?:>=?)?[1-9][0-9]{0,15}|(?:sha256:)?[0-9a-f]{64})$/.test(expected)) return expected;
  throw new UsageError(
    `${values.given("expect-snapshot")}: wanted VERSION, '>=VERSION', '>VERSION' or sha256:DIGEST; got ${JSON.stringify(expected)}`,
  );
}
