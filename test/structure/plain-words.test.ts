/** Comments, messages and test titles are plain technical English. These phrases hide the subject or the condition. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plain } from "./plain-phrases.ts";
import { readPackages, root } from "./sources.ts";

const commentOrText = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

/** Comments, and strings of more than one word, each in one line. */
function wordsOf(code: string): readonly string[] {
  const texts = [...code.matchAll(commentOrText)].map(([text]) => text.replaceAll(/\s*\n\s*\*?\s*/g, " "));
  return texts.filter((text) => text.startsWith("/") || text.includes(" "));
}

function findings(folder: string): readonly string[] {
  const files = packages.find((one) => one.folder === folder)?.files ?? [];
  return files.flatMap(({ path }) =>
    wordsOf(readFileSync(join(root, path), "utf8")).flatMap((text) =>
      [...plain].flatMap(([phrase, instead]) => {
        const found = phrase.exec(text)?.[0];
        return found === undefined ? [] : [`${path}: "${found}" (${instead}) in ${text.slice(0, 120)}`];
      }),
    ),
  );
}

const packages = readPackages();

describe("comments, messages and test titles avoid the phrases that hide what they mean", () => {
  test.each(packages.map(({ folder }) => folder))("in %s", (folder) => {
    expect(findings(folder)).toEqual([]);
  });

  test("a comment, a message and a title with one are found, code and single words are not", () => {
    const code = ["/** What is\n * no name. */", "const whoever = 1; // fine", "log(`no, outright ${name}`)", '"anew"'];
    const found = code.flatMap(wordsOf).filter((text) => [...plain.keys()].some((phrase) => phrase.test(text)));
    expect(found).toEqual(["/** What is no name. */", "`no, outright ${name}`"]);
  });
});
