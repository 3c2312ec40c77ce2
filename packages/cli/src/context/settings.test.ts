import { describe, expect, test } from "vitest";
import { parseDurationMs } from "./duration.ts";
import { escapeText } from "./escape.ts";
import { readSettings } from "./settings.ts";
import { UsageError } from "./usage.ts";

describe("settings", () => {
  test("a flag wins over its variable", () => {
    const values = readSettings({ host: "flag.example" }, { DTUF_HOST: "variable.example" }, "DTUF");
    expect(values.text("host")).toBe("flag.example");
    expect(readSettings({}, { DTUF_HOST: "variable.example" }, "DTUF").text("host")).toBe("variable.example");
  });

  test("the program dxf reads DXF_ variables and no others", () => {
    expect(readSettings({}, { DTUF_HOST: "a", DXF_HOST: "b" }, "DXF").text("host")).toBe("b");
  });

  test.each(["true", "yes", "0", "", "01", " 1"])("a switch's variable that is %j is off", (value) => {
    expect(readSettings({}, { DTUF_INSECURE: value }, "DTUF").on("insecure")).toBe(false);
  });

  test("a switch's variable that is exactly 1 is on", () => {
    expect(readSettings({}, { DTUF_INSECURE: "1" }, "DTUF").on("insecure")).toBe(true);
  });

  test("a choice that is none is refused", () => {
    expect(() => readSettings({}, { DTUF_KEY_TYPE: "md5" }, "DTUF").text("key-type")).toThrow(UsageError);
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

  test.each(["", "soon", "-1d", "0s", "1e999 years"])("%j is none", (text) => {
    expect(() => parseDurationMs(text, "--within")).toThrow(UsageError);
  });
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
