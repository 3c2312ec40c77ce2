/** Comments, messages and test titles are plain technical English. These phrases hide the subject or the condition. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readPackages, root } from "./sources.ts";

/** Phrase -> what to write instead. */
const plain: ReadonlyMap<RegExp, string> = new Map([
  [/\bwho(?:so)?ever\b|\bwhichever\b/i, "name the subject"],
  [/\bwhat (?:is|are) no\b|\bwhat (?:came|comes|lies|stands)\b/i, "name the thing"],
  [/\b(?:is|are|be|was|were|stays?) held to\b/i, "must match, is verified against"],
  [/(?<!\bthere )\b(?:is|are) none\b/i, "is not a …"],
  [/, where (?:it|one|that|they|there)\b|\bonly where\b|\bundefined where\b/i, "if"],
  [/\bhas it that\b|\bas it were\b|\bin so many words\b|\bwhatever (?:it|was|that)\b/i, "say it directly"],
  [/\b(?:is|are) (?:the|no) news\b|\btells most\b|\bworth nothing\b|\bin good order\b/i, "say what happened"],
  [/\bbehind the back\b|\bnobody in particular\b|\bgrows? old\b|\bgo(?:es)? in circles\b/i, "no idioms"],
  [/\boutright\b/i, "explicit, at once"],
  [/\bin (?:the )?place of\b/i, "instead of"],
  [/\bfor ever\b/i, "without end, always"],
  [/\banew\b/i, "again, from 0"],
  [/\bhanded out\b|\bhands? out\b|\bgiven out\b|\bgives? out\b/i, "return, pass"],
]);

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
