import { describe, expect, test } from "vitest";
import { parseDurationMs } from "../grammar/duration.ts";
import { escapeText } from "@dtuf/registry/escape";
import { UsageError } from "../usage.ts";
import { readSettings, verifySettings, type Flags } from "./values.ts";

describe("settings", () => {
  test("a flag wins over its variable", () => {
    const values = readSettings({ host: "flag.example" }, { DTUF_HOST: "variable.example" }, "DTUF");
    expect(values.text("host")).toBe("flag.example");
    expect(readSettings({}, { DTUF_HOST: "variable.example" }, "DTUF").text("host")).toBe("variable.example");
  });

  test("the program dxf reads DXF_ variables and no others", () => {
    expect(readSettings({}, { DTUF_HOST: "a", DXF_HOST: "b" }, "DXF").text("host")).toBe("b");
  });

  test.each(["0", ""])("a switch's variable that is %j is off", (value) => {
    expect(readSettings({}, { DTUF_INSECURE: value }, "DTUF").on("insecure")).toBe(false);
    verifySettings(readSettings({}, { DTUF_INSECURE: value }, "DTUF"), ["insecure"]);
  });

  test.each(["true", "yes", "01", " 1", "11"])("a switch's variable that is %j is a usage error", (value) => {
    const values = readSettings({}, { DTUF_INSECURE: value }, "DTUF");
    expect(values.on("insecure")).toBe(false);
    expect(() => verifySettings(values, ["insecure"])).toThrow(/^DTUF_INSECURE: wanted 1 or 0/);
  });

  test("a switch's variable that is exactly 1 is on", () => {
    expect(readSettings({}, { DTUF_INSECURE: "1" }, "DTUF").on("insecure")).toBe(true);
  });

  test.each(["https://host.example/", "http://host.example", "https://host.example"])(
    "a host that is the URL %s is a usage error that says what is too much",
    (host) => {
      const values = readSettings({}, { DTUF_HOST: host }, "DTUF");
      expect(() => verifySettings(values, ["host"])).toThrow(/^DTUF_HOST: wanted host\[:port\], without https:\/\//);
    },
  );

  test("an error names the flag if the flag was given, else the variable", () => {
    const refused = (flags: Flags): string => {
      try {
        verifySettings(readSettings(flags, { DTUF_KEY_TYPE: "md5" }, "DTUF"), ["key-type"]);
        return "taken";
      } catch (error) {
        return String(error);
      }
    };
    expect(refused({ "key-type": "md4" })).toContain("--key-type: wanted one of ed25519, ");
    expect(refused({ "key-type": "rsa" })).toBe("taken");
    expect(refused({})).toContain("DTUF_KEY_TYPE: wanted one of ed25519, ");
  });

  test.each([
    ["root", "1d", "1m", "50 years"],
    ["targets", "1h", "3m", "20 years"],
    ["snapshot", "1m", "59s", "2 years"],
    ["timestamp", "5s", "4s", "2 years"],
  ] as const)("the lifetime of %s is at least %s", (...[role, least, less, more]) => {
    const lifetimeMs = (text: string): number | undefined =>
      readSettings({ [`${role}-lifetime`]: text }, {}, "DTUF").durationMs(`${role}-lifetime`);
    expect(lifetimeMs(least)).toBe(parseDurationMs(least, ""));
    expect(() => lifetimeMs(less)).toThrow(`--${role}-lifetime: wanted ${least} or more`);
    expect(() => lifetimeMs(more)).toThrow(/d or less/);
  });
});

describe("durations", () => {
  test.each([
    ["1s", 1000],
    ["2 weeks", 14 * 86_400_000],
    ["1d", 86_400_000],
    ["1h30m", 5_400_000],
    ["4:13", 253_000],
    ["1:02:03", 3_723_000],
    ["1.5 hours", 5_400_000],
  ])("%s is %d ms", (text, wanted) => {
    expect(parseDurationMs(text, "--within")).toBe(wanted);
  });

  test.each(["86400", "5", " 45 ", "1.5"])("%j without its unit is refused, with the two likely meanings", (text) => {
    const refusal = expect.objectContaining({
      message: `DTUF_WITHIN: wanted a duration with its unit; got ${JSON.stringify(text)}`,
      hint: `write ${text.trim()}s for seconds or ${text.trim()}d for days`,
    });
    expect(() => parseDurationMs(text, "DTUF_WITHIN")).toThrow(refusal);
  });

  test.each(["", "soon", "-1d", "0s", "1e999 years", "1d 5 foo", "1h30", "5 5d", "9999999 years"])(
    "%j is refused",
    (text) => {
      expect(() => parseDurationMs(text, "--within")).toThrow(UsageError);
    },
  );
});

describe("text from elsewhere", () => {
  test("cannot send escape sequences to the terminal [T99]", () => {
    expect(escapeText("\u001B]0;owned\u0007name\u009B31m\u202Egnp.exe\n")).toBe(
      "\\u{1b}]0;owned\\u{7}name\\u{9b}31m\\u{202e}gnp.exe\\u{a}",
    );
  });

  test("is otherwise left alone", () => {
    expect(escapeText("ünïcode 日本 🚀")).toBe("ünïcode 日本 🚀");
  });
});
