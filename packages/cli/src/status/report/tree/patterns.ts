/**
 * Which names two path patterns of TUF share (`*` and `?` match no `/`). Pure. Time is bounded by the product of the lengths,
 * which the metadata's limits bound.
 */

/** Whether every name that `inner` matches is matched by `outer`. "No" may be wrong for patterns that only a search could compare. */
export function coversPattern(outer: string, inner: string): boolean {
  return bySegments(outer, inner, coversSegment);
}

/** Whether some name is matched by both. */
export function overlapsPattern(one: string, other: string): boolean {
  return bySegments(one, other, overlapsSegment);
}

function bySegments(one: string, other: string, compare: (one: string, other: string) => boolean): boolean {
  const [ones, others] = [one.split("/"), other.split("/")];
  return ones.length === others.length && ones.every((segment, at) => compare(segment, others[at] ?? ""));
}

/** A star of the outer one takes anything of the inner one, a question mark everything but a star. */
function coversSegment(outer: string, inner: string): boolean {
  return matches(Array.from(outer), Array.from(inner), (wide, narrow) =>
    wide === "?" ? narrow !== "*" : wide === narrow,
  );
}

/** A row of the table for each character of one, because both may have stars. */
function overlapsSegment(one: string, other: string): boolean {
  const [left, right] = [Array.from(one), Array.from(other)];
  let row = [true];
  for (const [at, character] of right.entries()) row.push(row[at] === true && character === "*");
  for (const wanted of left) {
    const next = [row[0] === true && wanted === "*"];
    for (const [at, got] of right.entries()) {
      const isStar = wanted === "*" || got === "*";
      const isSame = wanted === got || wanted === "?" || got === "?";
      next.push(isStar ? row[at + 1] === true || next[at] === true || row[at] === true : isSame && row[at] === true);
    }
    row = next;
  }
  return row.at(-1) === true;
}

type Takes = (wanted: string, got: string) => boolean;

/** Backtracks to the last star only, because trying an earlier one again could not help. */
function matches(wanted: readonly string[], got: readonly string[], takes: Takes): boolean {
  let [at, star, starEnd] = [0, -1, 0];
  for (let next = 0; next < got.length;) {
    if (wanted[at] === "*") {
      [star, starEnd] = [at, next];
      at += 1;
    } else if (at < wanted.length && takes(wanted[at] ?? "", got[next] ?? "")) {
      at += 1;
      next += 1;
    } else if (star !== -1) {
      starEnd += 1;
      [next, at] = [starEnd, star + 1];
    } else {
      return false;
    }
  }
  return wanted.slice(at).every((part) => part === "*");
}
