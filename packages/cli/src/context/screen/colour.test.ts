import { describe, expect, test } from "vitest";
import { paint } from "./colour.ts";

const output = { columns: 80, rows: 24, write: () => Promise.resolve() };
const terminal = { ...output, terminal: "terminal" } as const;

describe("paint", () => {
  test("colours a line on a terminal, and leaves the colour at its end", () => {
    expect(paint("line", "bad", { env: { TERM: "xterm" }, stdout: terminal })).toBe("\u001b[31mline\u001b[39m");
  });

  test.each([
    ["in a pipe", { TERM: "xterm" }, "pipe"],
    ["if NO_COLOR is set", { TERM: "xterm", NO_COLOR: "1" }, "terminal"],
    ["on a dumb terminal", { TERM: "dumb" }, "terminal"],
    ["if the terminal does not say what it is", {}, "terminal"],
  ] as const)("leaves the line as it is %s", (_when, env, kind) => {
    expect(paint("line", "bad", { env, stdout: { ...output, terminal: kind } })).toBe("line");
  });

  test("has no colour for what is ordinary", () => {
    expect(paint("line", "plain", { env: { TERM: "xterm" }, stdout: terminal })).toBe("line");
    expect(paint("line", undefined, { env: { TERM: "xterm" }, stdout: terminal })).toBe("line");
  });
});
