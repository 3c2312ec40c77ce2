import { createSigner, parseRoleName, specVersion, type DelegatedRole, type Targets } from "@dtuf/tuf";
import { createPrivateKey } from "@dtuf/testing/keys";
import { expect, test } from "vitest";
import { summarize } from "./summary.ts";

const { keyId, key } = createSigner(createPrivateKey());

function delegating(change: Pick<DelegatedRole, "paths" | "pathHashPrefixes"> & Partial<DelegatedRole>): Targets {
  const role = {
    name: parseRoleName("tools"),
    keyIds: [keyId],
    threshold: 1,
    terminating: false,
    unrecognized: {},
    ...change,
  };
  return {
    ...{
      type: "targets",
      specVersion,
      version: 1,
      expires: new Date("2031-01-01"),
      targets: new Map(),
      unrecognized: {},
    },
    delegations: { kind: "listed", keys: new Map([[keyId, key]]), roles: [role], unrecognized: {} },
  };
}

test.each([
  ["one pattern becomes two", { paths: ["a/* b/*"] }, { paths: ["a/*", "b/*"] }],
  ["a pattern that reads like hash prefixes", { paths: ["hash prefixes 0 1"] }, { pathHashPrefixes: ["0", "1"] }],
])("%s: a delegation that allows something else is shown, although the words are the same [T162]", (_, old, next) => {
  const [before, after] = [delegating(old), delegating(next)];
  const { trust } = summarize([{ role: "targets", before, after }]);
  expect(trust).toMatchObject([{ role: "tools", change: "change" }]);
  expect(trust[0]?.scope?.before).not.toBe(trust[0]?.scope?.after);
});

test("a changed field that nobody knows is named, in a delegation too [T162]", () => {
  const before = delegating({ paths: ["a"] });
  const after = delegating({ paths: ["a"], unrecognized: { "x-new": 1 } });
  expect(summarize([{ role: "targets", before, after }]).documents).toMatchObject([{ otherFields: ["delegations"] }]);
});
