/**
 * TUF's path patterns: `*` matches any characters and `?` any one character, neither matches `/`, and no other character is
 * special (`**`, `[]`, `{}`, `!`, `#`, leading dots). Time is bounded by the product of the two lengths.
 */

/** Whether the pattern matches the whole path (TUF 1.0.34, 4.5). */
export function matchesPath(pattern: string, path: string): boolean {
  const patterns = pattern.split("/");
  const segments = path.split("/");
  return patterns.length === segments.length && patterns.every((part, at) => matchesSegment(part, segments[at] ?? ""));
}

/** Backtracks to the last `*` only, because trying an earlier one again could not help. */
function matchesSegment(pattern: string, segment: string): boolean {
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
      starEnd += 1;
      next = starEnd;
      at = star + 1;
    } else {
      return false;
    }
  }
  return wanted.slice(at).every((part) => part === "*");
}
