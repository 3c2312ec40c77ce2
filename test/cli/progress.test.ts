/** Progress on a terminal, in a log, and for programs: against a registry that sends slowly. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { createTerminals, expectEnd, visibleLines, type Opening } from "./on-terminal.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const chunk = 65_536;
const size = 16 * chunk;
/** A name that is wide, long, and moves the cursor where it is not escaped. */
const foreign = `\u001b[2J日本語の長い名前-${"é".repeat(40)}.tgz`;
const { machine, registry } = useMachineAndRegistry("all tests");
const terminals = createTerminals(() => machine);

beforeAll(async () => {
  await publishDemo(machine, repo, "x".repeat(size));
  await writeFile(join(machine.directory, "other"), "y".repeat(size));
  await machine.must(["push-target", repo, "other.txt", "other"]);
  await writeFile(join(machine.directory, "wide"), "z".repeat(size));
  await machine.must(["push-target", repo, "日本語の長い名前-ééééééééééééééééééééééééééé.tgz", "wide"]);
  await machine.must(["push-metadata", repo]);
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await machine.must(["pin", repo, "root.json"]);
});

afterEach(() => {
  registry.clearScript();
  terminals.close();
});

function drip(everyMs: number): void {
  registry.script({ match: { method: "GET", path: /blobs/ }, fault: { kind: "drip", chunkBytes: chunk, everyMs } });
}

/** Everything that a pull of all targets draws, frame by frame, and what is on the screen behind the last of them. */
async function pullAll(
  to: string,
  opening: Opening,
): Promise<{ readonly frames: readonly string[]; readonly left: string; readonly seen: readonly string[] }> {
  drip(150);
  const terminal = terminals.open(["pull", repo, "--output", `${to}/`], opening);
  await expectEnd(terminal, 0);
  // The next pull would take the bytes from there.
  await rm(join(machine.directory, to), { recursive: true });
  const frames = terminal.screen().split("\u001b[J");
  return { frames: frames.slice(0, -1), left: frames.at(-1) ?? "", seen: visibleLines(terminal.screen()) };
}

function linesOf(frames: readonly string[]): readonly string[] {
  return frames.flatMap((frame) => frame.split(/\r\n|\r/)).map(stripVTControlCharacters);
}

const columnsOf = (line: string): number => line.length + line.replaceAll(/[^\u3000-\u9fff]/g, "").length;

describe("on a terminal", () => {
  test("each transfer has a bar, and all together have one; at the end none of them is left", async () => {
    const { frames, seen } = await pullAll("bars", { columns: 100 });
    const bar = /^demo\.txt +[#-]{8,} +\d+% +[\d.]+ KiB of 1\.0 MiB +[\d.]+ KiB\/s +0:\d\d left$/;
    expect(linesOf(frames).some((line) => bar.test(line))).toBe(true);
    const whole = frames.map((frame) => linesOf([frame]).filter((line) => line !== ""));
    expect(Math.max(...whole.map((lines) => lines.length))).toBe(4);
    expect(whole.find((lines) => lines.length === 4)?.at(-1)).toMatch(
      /^in all +[#-]+ +\d+% +[\d.]+ [KM]iB of 3\.0 MiB/,
    );
    expect(seen).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^dtuf: wrote .* verified$/) as string));
  });

  test.each([4, 20, 33, 60, 132])("of %i columns no line is wider than that", async (columns) => {
    const { frames } = await pullAll(`columns-${columns}`, { columns, env: { LC_ALL: "C.UTF-8" } });
    const widths = linesOf(frames).map(columnsOf);
    expect(Math.max(...widths)).toBeLessThan(columns);
    expect(linesOf(frames).some((line) => line.endsWith("%") || line.includes("% "))).toBe(true);
  });

  test("of a locale without UTF-8 nothing but ASCII is drawn", async () => {
    const { frames } = await pullAll("ascii", { env: { LC_ALL: "C", LANG: "de_DE.UTF-8" } });
    expect(frames.length).toBeGreaterThan(3);
    expect(frames.join("")).toMatch(/^\p{ASCII}*$/u);
    expect(frames.join("")).toContain("#");
  });

  test("of a locale without UTF-8 what is said is ASCII too, and in UTF-8 as it is", async () => {
    const words = ["pull-target", repo, "日本"];
    for (const [locale, shown] of [
      ["C", "\\u{65e5}\\u{672c}"],
      ["C.UTF-8", "日本"],
    ] as const) {
      const terminal = terminals.open(words, { env: { LC_ALL: locale } });
      await expectEnd(terminal, 3);
      expect(terminal.screen()).toContain(shown);
    }
  });

  test("of a locale with UTF-8 wide letters keep their columns", async () => {
    const { frames } = await pullAll("unicode", { env: { LC_ALL: "", LANG: "de_DE.UTF-8" } });
    expect(linesOf(frames).some((line) => /^日本語.*….*é\.tgz +━/.test(line))).toBe(true);
  });

  test.each([
    ["TERM=dumb", { env: { TERM: "dumb" } }],
    ["no width", { columns: 0 }],
    ["CI", { env: { CI: "true" } }],
  ])("with %s there are lines instead of bars, ten at most", async (name, opening) => {
    const { frames, left } = await pullAll(`lines-${name}`, opening);
    expect(frames).toEqual([]);
    const lines = left.split("\r\n").filter((line) => line.includes("%"));
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.length).toBeLessThanOrEqual(10);
    for (const line of lines) expect(line).toMatch(/^dtuf: in all \d+%, [\d.]+ [KM]iB of 3\.0 MiB, [\d.]+ [KM]iB\/s$/);
  });

  test("what is done within a second has no bar", async () => {
    // By the clock of the program, which stands still, because a busy machine may need longer.
    await writeFile(
      join(machine.directory, "still.mjs"),
      `const now = Date.now();
       globalThis.Date = class extends Date {
         constructor(...given) { super(...(given.length === 0 ? [now] : given)); }
         static now() { return now; }
       };`,
    );
    const env = { NODE_OPTIONS: `--import=${join(machine.directory, "still.mjs")}` };
    const terminal = terminals.open(["pull", repo, "--output", "quick/"], { env });
    await expectEnd(terminal, 0);
    expect(terminal.screen()).not.toContain("%");
    expect(terminal.screen()).not.toContain("\u001b");
  });

  test("bytes that are written to the terminal itself are not torn by a bar", async () => {
    drip(100);
    const terminal = terminals.open(["pull-target", repo, "demo.txt", "other.txt"]);
    await expectEnd(terminal, 0);
    expect(terminal.screen().includes("x".repeat(size) + "y".repeat(size))).toBe(true);
  });
});

test("a name from elsewhere is escaped in a bar and in a line", async () => {
  await writeFile(join(machine.directory, foreign), "f".repeat(size));
  const ran = await machine.run(["push-blob", repo, foreign, "--progress", "1"]);
  expect(ran.stderr).toMatch(/100%, 1\.0 MiB of 1\.0 MiB/);
  expect(ran.stderr).not.toContain("\u001b");
  const lines = ran.stderr.split("\n").filter((line) => line.includes("%"));
  for (const line of lines) expect(line).toMatch(/^dtuf: \\u\{1b\}\[2J\\u\{65e5\}[\x20-\x7e]*$/);
});

describe("for programs", () => {
  const reportsOf = (text: string) =>
    text
      .split("\n")
      .filter((line) => line.startsWith('{"schemaVersion":1,"progress":'))
      .map((line) => (JSON.parse(line) as { progress: Record<string, unknown> }).progress);

  const moves: readonly (readonly [readonly string[], { step: string; kind: string; name?: string }])[] = [
    [["push-target", repo, "again.txt", "other"], { step: "upload", kind: "target", name: "DIR/other" }],
    [["push-targets", repo, "other"], { step: "upload", kind: "target", name: "DIR/other" }],
    [["publish", repo, "other"], { step: "upload", kind: "target", name: "DIR/other" }],
    [["pull", repo, "demo.txt", "--output", "p.txt"], { step: "download", kind: "target", name: "demo.txt" }],
    [["pull-target", repo, "demo.txt"], { step: "download", kind: "target", name: "demo.txt" }],
    [["push-blob", repo, "other", "@blob"], { step: "upload", kind: "content", name: "other" }],
    [["pull-blob", repo, "@blob"], { step: "download", kind: "content" }],
    [["sync", "docker://HOST/fred/demo:blob", "oci:images", "--all"], { step: "upload", kind: "content" }],
    [["sync", "--tuf", "root.json", repo, "oci:carried"], { step: "upload", kind: "target", name: "demo.txt" }],
    [["export", repo, "demo.tar"], { step: "upload", kind: "target", name: "demo.txt" }],
    [
      ["import", "demo.tar", "fred/imported", "--tuf", "root.json"],
      { step: "upload", kind: "target", name: "demo.txt" },
    ],
  ];

  test.each(moves)("%s tells in JSON lines what it moves, and that it is stored", async (words, expected) => {
    const named = words.map((word) => word.replace("HOST", registry.host));
    const { stderr } = await machine.must([...named, "--progress=json"]);
    const name = expected.name?.replace("DIR", machine.directory);
    const wanted = { ...expected, ...(name === undefined ? {} : { name }), isStored: true };
    expect(reportsOf(stderr)).toContainEqual(expect.objectContaining({ ...wanted, bytes: size, totalBytes: size }));
  });

  test("pull-metadata tells each role", async () => {
    await machine.must(["push-metadata", repo]);
    const { stderr } = await machine.must(["pull-metadata", repo, "--progress=json"]);
    expect(reportsOf(stderr)).toContainEqual(
      expect.objectContaining({ step: "download", kind: "metadata", name: "timestamp" }),
    );
  });

  test("0 tells nothing, and --quiet leaves out what was not asked for", async () => {
    const quiet = await machine.must(["pull-target", repo, "demo.txt", "--quiet"]);
    const never = await machine.must(["pull-target", repo, "demo.txt", "--progress", "0"]);
    const asked = await machine.must(["pull-target", repo, "demo.txt", "--quiet", "--progress", "1"]);
    expect([quiet.stderr, never.stderr, asked.stderr.includes("100%")]).toEqual(["", "", true]);
  });
});
