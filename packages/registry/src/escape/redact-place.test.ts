import { expect, test } from "vitest";
import { redactPlace } from "./redact-place.ts";

const secret = "s3cr3t";
const digest = `sha256:${"0".repeat(64)}`;

test.each([
  [`fred:${secret}@h.example/x`, "…@h.example/x"],
  [`${secret}@h.example:5000/x:1`, "…@h.example:5000/x:1"],
  [`fred:${secret}@h.example/x@${digest}`, `…@h.example/x@${digest}`],
  [`fred:${secret}@h.example`, "…@h.example"],
  [`fred:${secret}/@/${secret}@h.example/x`, "…@h.example/x"],
  [`https://fred:${secret}@h.example/x?sig=${secret}`, "https://…@h.example/x?…"],
  [`https://h.example/x#${secret}`, "https://h.example/x?…"],
  [`https:/fred:${secret}@h.example/x`, "https:/…@h.example/x"],
  [`https:fred:${secret}@h.example/x`, "https:…@h.example/x"],
  [`HTTPS:\\\\fred:${secret}@h.example\\x`, "HTTPS:\\\\…@h.example\\x"],
  [`ht\ntt\tps://fred:${secret}@h.example/x`, "htttps://…@h.example/x"],
  [`\u0001 https://fred:${secret}@h.example/x`, "https://…@h.example/x"],
  [`//fred:${secret}@h.example/x`, "…@h.example/x"],
  [`docker://fred:${secret}@h.example/x`, "docker://…@h.example/x"],
  [`oci://fred:${secret}@h.example/x`, "oci://…@h.example/x"],
  [`oci:fred:${secret}@h.example/x`, "oci:…@h.example/x"],
  [`a mirror of https://fred:${secret}@h.example/x`, "…@h.example/x"],
])("of %j there is shown %j: no userinfo and no query [T61]", (text, shown) => {
  expect(redactPlace(text)).toBe(shown);
  expect(shown).not.toContain(secret);
});

test.each([
  "registry.example.com:5000/fred/demo:1.0",
  `registry.example.com/fred/demo@${digest}`,
  `fred/demo:1@${digest}`,
  "oci:/home/me@work/layout:tag",
  `oci:C:\\data\\me@work@${digest}`,
  "dir:./app@2/x?y",
  "./me@work",
  "/srv/me@work/a?b",
  "@alias",
  "",
])("%j is shown as it is", (text) => {
  expect(redactPlace(text)).toBe(text);
});
