import { expect, test } from "vitest";
import { redactUrl } from "./redact.ts";

test("signatures, tokens, state and userinfo are not shown; what helps is [T61]", () => {
  const url = new URL(
    "https://user:pw@cdn.example/b?X-Amz-Signature=sig&sig=sas&_state=st&token=tk&digest=sha256:ab&n=5#f",
  );
  expect(redactUrl(url)).toBe("https://cdn.example/b?X-Amz-Signature=…&sig=…&_state=…&token=…&digest=sha256:ab&n=5");
});
