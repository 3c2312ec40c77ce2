import { expectRefused } from "@dtuf/testing/expect-refused";
import { expect, test } from "vitest";
import { parseTag } from "./tag.ts";

test.each(["latest", "v1.0", "_x", "0", "A-b_c.d", "a".repeat(128)])("accepts the tag %s", (text) => {
  expect(parseTag(text)).toBe(text);
});

test.each(["", ".hidden", "-flag", "a/b", "a:b", "a b", "ä", "a\n", "..", "a".repeat(129)])(
  "refuses the tag %j",
  (text) => {
    expectRefused(() => parseTag(text), "OCI_TAG_INVALID");
  },
);
