import { parseRoleName, parseTargetPath, type DelegatedRole } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { expect, test } from "vitest";
import { foreignPaths, verifyScope, type FoundRole } from "./role-tree.ts";

function delegatedWith(paths: readonly string[]): FoundRole {
  const name = parseRoleName("team");
  const role: DelegatedRole = { name, keyIds: [], threshold: 1, terminating: false, paths, unrecognized: {} };
  const delegations = { kind: "listed", keys: new Map(), roles: [role], unrecognized: {} } as const;
  const by = { keys: new Map(), role };
  return { name, delegator: parseRoleName("targets"), by, chain: [{ delegations, role: name }] };
}

const numbers = Array.from({ length: 2000 }, (_, at) => at);

test("the names of a role are compared each with its own pattern, and foreign ones are told", () => {
  const role = delegatedWith(numbers.map((at) => `name-${at}/*`));
  const names = numbers.map((at) => parseTargetPath(`name-${at}/a`));
  expect(foreignPaths(role, [...names, parseTargetPath("other/a")])).toEqual(["other/a"]);
});

test("patterns that are made to cost are refused after a bounded number of steps [T290]", () => {
  const role = delegatedWith(numbers.map((at) => `*${"a".repeat(500)}b${at}`));
  const names = numbers.map((at) => parseTargetPath(`${"a".repeat(1000)}${at}`));
  expectRefused(() => verifyScope(role, names), "TUF_LIMIT_EXCEEDED");
});
