/** The guides are for readers who do not know the project: the phrases that hide a subject or a condition are not in them. */
import { expect, test } from "vitest";
import { plain } from "../structure/plain-phrases.ts";
import { readPage, readPages } from "./pages.ts";

/** Pages that define exactly, for readers who implement or audit. */
const exact = /^docs\/(?:format|threat-model|performance|decisions\/.*|tracing)\.?/;

function findingsIn(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[^]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
  return [...plain].flatMap(([phrase, instead]) => {
    const found = phrase.exec(prose)?.[0];
    return found === undefined ? [] : [`"${found}": ${instead}`];
  });
}

test("the guides avoid the phrases that hide what they mean", () => {
  const guides = readPages().filter(({ path }) => path.startsWith("docs/") && !exact.test(path));
  expect(guides.length).toBeGreaterThan(30);
  const findings = guides.flatMap(({ path, text }) => findingsIn(text).map((finding) => `${path}: ${finding}`));
  expect(findings).toEqual([]);
});

test("a guide with one of them is found, and code is not", () => {
  expect(findingsIn("Whoever reads this\n\n```text\nwhoever\n```\n\n`for ever`\n")).toHaveLength(1);
});

// Readers begin there.
test.each(["docs/README.md", "docs/concepts.md", "docs/quickstart.md"])("%s has short sentences", (path) => {
  const prose = readPage(path)
    .text.replaceAll(/^```[^]*?^```$/gm, "")
    .replaceAll(/^[|*#].*$/gm, "");
  const sentences = prose.split(/[.:;?!](?:\s|$)/).map((sentence) => sentence.trim().split(/\s+/));
  expect(sentences.filter((words) => words.length > 32).map((words) => words.join(" "))).toEqual([]);
});
