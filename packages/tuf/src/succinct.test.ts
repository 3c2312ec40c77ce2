import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findAuthority } from "./authority.ts";
import type { SuccinctDelegations, SuccinctRoles } from "./delegations.ts";
import { parseRoleName, parseTargetPath } from "./names.ts";
import { binName, binNames, isBinName } from "./succinct.ts";

const bins = (bitLength: number): SuccinctRoles => ({
  bitLength,
  namePrefix: "bin",
  keyIds: [],
  threshold: 1,
  unrecognized: {},
});

describe("succinct hash bins", () => {
  test("a path goes to the bin of the first bits of its SHA-256", () => {
    // sha256("a") = ca978112…
    const path = parseTargetPath("a");
    expect([1, 4, 5, 8, 14, 32].map((bits) => binName(bins(bits), path))).toEqual([
      "bin-1",
      "bin-c",
      "bin-19",
      "bin-ca",
      "bin-32a5",
      "bin-ca978112",
    ]);
  });

  test("every path belongs to one of the bins", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.string({ minLength: 1 }), (bits, text) => {
        fc.pre(!text.includes("\0"));
        const name = binName(bins(bits), parseTargetPath(text));
        expect(isBinName(bins(bits), name)).toBe(true);
        expect([...binNames(bins(bits))]).toContain(name);
      }),
    );
  });

  test.each([
    "bin-10",
    "bin-",
    "bin-G",
    "bin-F",
    "bin-0f",
    "bin-4",
    "bim-0",
    "bin0",
    "xbin-0",
    "bin--1",
    "bin-0 ",
    "bin-0x1",
  ])("refuses %s, which is not one of the four bins [T21]", (name) => {
    const delegations: SuccinctDelegations = { kind: "succinct", keys: new Map(), succinct: bins(2), unrecognized: {} };
    expect(findAuthority(delegations, parseRoleName(name))).toBeUndefined();
    expect(findAuthority(delegations, parseRoleName("bin-3"))).toBeDefined();
  });
});
