/**
 * `pnpm claims`, the last step of `pnpm test`: every test that docs/threat-model.md and docs/updater.md name ran and passed. It reads what the
 * reporter of the two runs before it wrote, so a test that is skipped, or stands in a comment, proves nothing.
 */
import { readRanTests } from "./ran-tests.ts";
import { findUnproved, readMustHaves, readThreatRows } from "./threat-rows.ts";

const rows = [...readThreatRows(), ...readMustHaves()];
const unproved = findUnproved(rows, readRanTests());
for (const line of unproved) console.error(line);
if (unproved.length > 0) {
  console.error(`${unproved.length} named tests did not run or did not pass`);
  process.exitCode = 1;
} else {
  const tests = new Set(rows.flatMap(({ tests: named }) => named));
  console.log(`docs/threat-model.md, docs/updater.md: ${rows.length} rows, ${tests.size} tests that ran and passed`);
}
