/** What somebody may have meant who typed a word that is not known. */

/** Longer words are names of targets; comparing all of 100,000 with one takes half a second up to here. */
const comparedMost = 64;
const shownMost = 3;

/**
 * The candidates that differ from the word in the fewest letters, a third of them at most, and always keep one: nothing is
 * near a word of one letter. In the order given.
 */
export function findNear(word: string, candidates: Iterable<string>): readonly string[] {
  const typed = Array.from(word.toLowerCase());
  if (typed.length > comparedMost) return [];
  let least = Math.max(1, Math.floor(typed.length / 3));
  let near: string[] = [];
  for (const candidate of candidates) {
    const letters = Array.from(candidate.toLowerCase());
    const distance = countEdits(typed, letters, least);
    if (distance > least || distance >= Math.min(typed.length, letters.length)) continue;
    if (distance < least) near = [];
    least = distance;
    near.push(candidate);
  }
  return near.slice(0, shownMost);
}

/** `did you mean "a" or "b"?`; undefined if nothing is near. */
export function describeNear(word: string, candidates: Iterable<string>): string | undefined {
  return didYouMean(findNear(word, candidates));
}

/** The same of commands: those that have every part of the word (`list-targets` is in `list-copy-targets`), before those that are near. */
export function describeNearCommand(word: string, commands: readonly string[]): string | undefined {
  const parts = word.toLowerCase().split("-");
  const having = commands.filter((command) => parts.every((part) => command.split("-").includes(part)));
  return didYouMean(having) ?? describeNear(word, [...commands, "--help"]);
}

function didYouMean(near: readonly string[]): string | undefined {
  const quoted = near.map((each) => JSON.stringify(each));
  return near.length === 0 ? undefined : `did you mean ${quoted.join(" or ")}?`;
}

/** Letters to insert, to drop, to replace or to swap with the next; more than `most` if there are more. */
function countEdits(from: readonly string[], to: readonly string[], most: number): number {
  if (Math.abs(from.length - to.length) > most) return most + 1;
  let [before, last] = [[] as number[], to.map((_letter, at) => at)];
  last.push(to.length);
  for (const [row, letter] of from.entries()) {
    const next = [row + 1];
    for (const [at, other] of to.entries()) {
      const swapped = at > 0 && row > 0 && letter === to[at - 1] && from[row - 1] === other;
      next.push(
        Math.min(
          (last[at + 1] ?? 0) + 1,
          (next[at] ?? 0) + 1,
          (last[at] ?? 0) + (letter === other ? 0 : 1),
          swapped ? (before[at - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [before, last] = [last, next];
  }
  return last.at(-1) ?? 0;
}
