import { expect, test } from "vitest";
import { firstThatWorks } from "./first-that-works.ts";

const sites = ["a", "b", "c"];
const never = (): boolean => false;

async function tried(
  answers: Readonly<Record<string, string | Error>>,
  options: { readonly isFinal?: (error: unknown) => boolean; readonly signal?: AbortSignal } = {},
): Promise<unknown> {
  const asked: string[] = [];
  const failed: string[] = [];
  const attempt = async (site: string): Promise<string | undefined> => {
    asked.push(site);
    const answer = answers[site];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const found = await firstThatWorks(sites, attempt, {
    isFinal: never,
    onFailure: (site) => failed.push(site),
    ...options,
  }).catch((error: unknown) => error);
  return { asked, failed, found };
}

test("no site is asked after the first that answers, and failures before it are reported", async () => {
  expect(await tried({ a: new Error("down"), b: "here" })).toEqual({ asked: ["a", "b"], failed: ["a"], found: "here" });
});

test("if no site has the value, the first failure is thrown; without a failure the result is undefined", async () => {
  const down = new Error("down");
  expect(await tried({ b: down, c: new Error("later") })).toEqual({ asked: sites, failed: ["b", "c"], found: down });
  expect(await tried({})).toEqual({ asked: sites, failed: [], found: undefined });
});

test("a final error and an abort stop at once", async () => {
  const final = new Error("final");
  const isFinal = (error: unknown): boolean => error === final;
  expect(await tried({ a: final, b: "here" }, { isFinal })).toEqual({ asked: ["a"], failed: [], found: final });
  const reason = new Error("stop");
  expect(await tried({ a: "here" }, { signal: AbortSignal.abort(reason) })).toEqual({
    asked: [],
    failed: [],
    found: reason,
  });
});
