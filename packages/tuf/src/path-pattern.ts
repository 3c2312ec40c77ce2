/**
 * TUF's path patterns: `*` matches any characters and `?` any one character, neither matches `/`, and no other character is
 * special (`**`, `[]`, `{}`, `!`, `#`, leading dots). Time is bounded by the product of the two lengths.
 */

/** Is told the steps that were taken. What it throws ends the comparison. */
interface Counter {
  spend(steps: number): void;
}

const stepsToBegin = 40;

/** Whether the pattern matches the whole path (TUF 1.0.34, 4.5). */
export function matchesPath(pattern: string, path: string, counter?: Counter): boolean {
  counter?.spend(pattern.length + path.length + stepsToBegin);
  const patterns = pattern.split("/");
  const segments = path.split("/");
  if (patterns.length !== segments.length) return false;
  return patterns.every((part, at) => matchesSegment(part, segments[at] ?? "", counter));
}

/** Backtracks to the last `*` only, because trying an earlier one again could not help. */
function matchesSegment(pattern: string, segment: string, counter: Counter | undefined): boolean {
  const wanted = Array.from(pattern);
  const got = Array.from(segment);
  let at = 0;
  let star = -1;
  let starEnd = 0;
  for (let next = 0; next < got.length;) {
    if (wanted[at] === "*") {
      star = at;
      starEnd = next;
      at += 1;
    } else if (wanted[at] === "?" || (at < wanted.length && wanted[at] === got[next])) {
      at += 1;
      next += 1;
    } else if (star !== -1) {
      counter?.spend(next - starEnd + 1);
      starEnd += 1;
      next = starEnd;
      at = star + 1;
    } else {
      return false;
    }
  }
  return wanted.slice(at).every((part) => part === "*");
}
