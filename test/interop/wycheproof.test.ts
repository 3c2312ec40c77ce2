/** One of Wycheproof's vectors of each kind; `pnpm interop` runs all of them, ML-DSA-65 and -87 among them. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runVectors, sampleFile, type VectorFile } from "./wycheproof.ts";

const { files } = JSON.parse(readFileSync(sampleFile, "utf8")) as {
  readonly files: Readonly<Record<string, VectorFile>>;
};

test.each(Object.entries(files))(
  "signatures that are made to fool a verifier do not, and good ones count: %s",
  (...[name, file]) => {
    const { tried, faults } = runVectors(name, file);
    expect(faults).toEqual([]);
    expect(tried).toBeGreaterThan(3);
  },
);

test("a vector that comes out otherwise is told", () => {
  const [name = "", file] = Object.entries(files).at(-1) ?? [];
  const turned = (file?.testGroups ?? []).map((group) => ({
    ...group,
    tests: group.tests.map(
      (vector) => ({ ...vector, result: vector.result === "valid" ? "invalid" : "valid" }) as const,
    ),
  }));
  expect(runVectors(name, { testGroups: turned }).faults.length).toBeGreaterThan(3);
});
