/** docs/commands.md shows what the commands print, and docs/schema the form of their JSON: both are held to real runs. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { createReference, type ShownRun } from "../../packages/cli/src/reference.ts";
import { commands } from "../../packages/cli/src/table.ts";
import { documents, openForms } from "./documents.ts";
import { shownLine, tellStories, type Told } from "./stories.ts";

const docs = join(import.meta.dirname, "../../docs");
const page = join(docs, "commands.md");
const schemas = new Set(documents.filter((name) => !["common", "error", "agent-lines", "status-page"].includes(name)));
let texts: readonly Told[] = [];
let jsons: readonly Told[] = [];

beforeAll(async () => {
  texts = await tellStories("text");
  jsons = await tellStories("json");
  // `pnpm reference` sets this.
  if (process.env["DTUF_WRITE_REFERENCE"] === "1") writeFileSync(page, createPage());
});

function createPage(): string {
  const runs = texts.filter(({ story }) => story.part === undefined).map(shownRun);
  return createReference({ runs, schemas });
}

/** A warning that belongs to this scene alone is left out, and so is the hash of a root whose keys are new in each run. */
function shownRun({ story, command, stdout, stderr }: Told): ShownRun {
  const talk = stderr
    .replaceAll(/.*stored without a passphrase.*\n|.* which git ignores.*\n/g, "")
    .replace(/[0-9a-f]{64}(?=; ship it)/, "...");
  const data = stdout === "" || stdout.endsWith("\n") ? stdout : `${stdout}\n`;
  return { command, line: shownLine(story), output: `${data}${talk}` };
}

test("docs/commands.md says what the tables say and the commands print: if not, run pnpm reference", () => {
  expect(readFileSync(page, "utf8")).toBe(createPage());
});

test("every command has a story in test/docs/stories.ts, which ends well", () => {
  const told = new Set(texts.map(({ command }) => command));
  expect(commands.map(({ name }) => name).filter((name) => !told.has(name))).toEqual([]);
  const failed = [...texts, ...jsons].filter(({ status }) => status !== 0);
  expect(failed.map(({ story, stderr }) => [story.line, stderr])).toEqual([]);
});

describe("docs/schema", () => {
  const forms = openForms("known");

  test("is of commands that are there", () => {
    expect([...schemas].filter((name) => !commands.some((command) => command.name === name))).toEqual([]);
  });

  test("describes every member of each document that a command prints: if not, add it to docs/schema/COMMAND.json", () => {
    const printed = jsons.filter(({ story, stdout }) => story.json !== "none" && stdout !== "");
    expect(printed.length).toBeGreaterThan(30);
    const faults = printed.flatMap(({ command, stdout }) => forms.verify(command, stdout));
    expect(faults).toEqual([]);
  });

  test("has a document for no command that prints none", () => {
    const printing = new Set(jsons.filter(({ stdout }) => stdout !== "").map(({ command }) => command));
    expect([...schemas].filter((name) => !printing.has(name))).toEqual([]);
  });

  test("refuses a document with a member that it does not describe, and one without a member that it demands", () => {
    const valid = jsons.find(({ command }) => command === "status")?.stdout ?? "";
    const document = JSON.parse(valid) as Record<string, unknown>;
    expect(forms.verify("status", JSON.stringify({ ...document, more: 1 }))).not.toEqual([]);
    expect(forms.verify("status", JSON.stringify({ ...document, place: undefined }))).not.toEqual([]);
  });

  test("describes an error", async () => {
    const { createMachine } = await import("../cli/machine.ts");
    await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
    const failing = [
      ["pull", "fred/demo"],
      ["pull", "fred/demo", "--concurency", "3"],
      ["status", "fred/demo"],
    ];
    for (const words of failing) {
      const { stderr } = await machine.run([...words, "--json"]);
      expect(forms.verify("error", stderr.slice(stderr.indexOf("{")))).toEqual([]);
    }
  });
});
