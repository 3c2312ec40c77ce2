import { expect, test } from "vitest";
import { stateMaxBytes } from "../limits.ts";
import { emptyState, encodeState, parseState } from "./state-file.ts";

test("a state is never larger than the limit: if too many roles are cached, the newest stay", () => {
  const hash = "ab".repeat(32);
  const names = Array.from({ length: 3000 }, (_, index) => "\u0001".repeat(4000) + index);
  const text = encodeState({ ...emptyState(hash), delegated: new Map(names.map((name) => [name, hash])) });
  expect(text.length).toBeLessThanOrEqual(stateMaxBytes);
  const kept = [...parseState(text).delegated.keys()];
  expect(kept.length).toBeGreaterThan(100);
  expect(kept).toEqual(names.slice(-kept.length));
});

test("a state with 32,768 hash bins is complete", () => {
  const hash = "ab".repeat(32);
  const delegated = new Map(Array.from({ length: 32_768 }, (_, index) => [`bins-${index}`, hash]));
  expect(parseState(encodeState({ ...emptyState(hash), delegated })).delegated).toEqual(delegated);
});
