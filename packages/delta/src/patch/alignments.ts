/**
 * Which parts of a content are nearly the same as parts of a window: compiled code is moved, and only the addresses in it change.
 * Places where the same bytes begin are found first; from each one a part is extended in both directions while at least half of the
 * bytes are the same.
 */
import { matchMinBytes, sameBytes, type MatchFinder, type Pair } from "./match-finder.ts";

export interface Alignment {
  /** Where the part begins in the content. */
  readonly at: number;
  readonly length: number;
  /** Where it begins in the window. */
  readonly from: number;
}

/** A part of another place is taken if it has this many more bytes the same than the one before, goes on there. */
const gainMin = 8;

/** Shorter parts cost more than their bytes do as new ones, which may be found in the window too. */
const partMinBytes = 48;
/** So few differing bytes cost more in a list of differences, which has a byte for each byte of the parts, than as new bytes. */
const differingFew = 128;

/** The parts that are worth a copy, in order of the content. If few of their bytes differ, none does: the parts end in front of them. */
export function findParts(pair: Pair, finder: MatchFinder): readonly Alignment[] {
  const parts = findAlignments(pair, finder).filter(isLong);
  const differing = parts.reduce((sum, part) => sum + part.length - countSame(pair, part), 0);
  return differing > differingFew ? parts : parts.flatMap((part) => splitWhereDifferent(pair, part)).filter(isLong);
}

function isLong({ length }: Alignment): boolean {
  return length >= partMinBytes;
}

function splitWhereDifferent({ window, content }: Pair, { at, from, length }: Alignment): readonly Alignment[] {
  const parts: Alignment[] = [];
  let start = 0;
  for (let number = 0; number <= length; number += 1) {
    if (number < length && window[from + number] === content[at + number]) continue;
    parts.push({ at: at + start, from: from + start, length: number - start });
    start = number + 1;
  }
  return parts;
}

/** The parts in order of the content. They do not overlap. */
function findAlignments(pair: Pair, finder: MatchFinder): readonly Alignment[] {
  const parts: Alignment[] = [];
  const anchors = findAnchors(pair, finder);
  const [first] = anchors;
  // How many bytes in front of the anchor belong to it.
  let back = first === undefined ? 0 : longestBack(pair, first, first.at);
  anchors.forEach((anchor, number) => {
    const next = anchors[number + 1];
    const gap = (next?.at ?? pair.content.length) - anchor.at;
    const split = splitGap(pair, { anchor, next, gap });
    parts.push({ at: anchor.at - back, from: anchor.from - back, length: back + split.forward });
    back = split.back;
  });
  return parts;
}

interface Anchor {
  readonly at: number;
  readonly from: number;
}

/** Places from which on the same bytes follow, if that gains more than to go on where the window is. */
function findAnchors(pair: Pair, finder: MatchFinder): readonly Anchor[] {
  const anchors: Anchor[] = [];
  let shift = Number.NaN;
  for (let at = 0; at + matchMinBytes <= pair.content.length;) {
    const along = Number.isNaN(shift) ? 0 : sameBytes(pair, at, at + shift);
    if (along >= matchMinBytes) {
      at += along;
      continue;
    }
    const { from, length } = finder.find(at);
    if (length > gainMin && length > countSame(pair, { at, from: at + shift, length }) + gainMin) {
      anchors.push({ at, from });
      shift = from - at;
      at += length;
    } else at += Math.max(1, along);
  }
  return anchors;
}

/** How many of the bytes are the same as those of the window. */
function countSame({ window, content }: Pair, { at, from, length }: Alignment): number {
  let same = 0;
  for (let number = 0; number < length; number += 1) if (window[from + number] === content[at + number]) same += 1;
  return same;
}

/** How many of the `most` bytes from an anchor on are nearly the same. */
function longestForward({ window, content }: Pair, { at, from }: Anchor, most: number): number {
  let [score, best, length] = [0, 0, 0];
  const end = Math.min(most, window.length - from);
  for (let number = 0; number < end; number += 1) {
    score += window[from + number] === content[at + number] ? 1 : -1;
    if (score <= best) continue;
    best = score;
    length = number + 1;
  }
  return length;
}

/** How many of the `most` bytes in front of an anchor are nearly the same. */
function longestBack({ window, content }: Pair, { at, from }: Anchor, most: number): number {
  let [score, best, length] = [0, 0, 0];
  const end = Math.min(most, from);
  for (let number = 1; number <= end; number += 1) {
    score += window[from - number] === content[at - number] ? 1 : -1;
    if (score <= best) continue;
    best = score;
    length = number;
  }
  return length;
}

interface Gap {
  readonly anchor: Anchor;
  readonly next: Anchor | undefined;
  /** Bytes from the anchor to the next one. */
  readonly gap: number;
}

/** Which bytes between two anchors belong to the one, and which to the other. */
function splitGap(pair: Pair, { anchor, next, gap }: Gap): { readonly forward: number; readonly back: number } {
  const forward = longestForward(pair, anchor, gap);
  const back = next === undefined ? 0 : longestBack(pair, next, gap);
  if (next === undefined || forward + back <= gap) return { forward, back };
  const { window, content } = pair;
  const start = gap - back;
  let [score, best, split] = [0, 0, start];
  for (let number = start; number < forward; number += 1) {
    const byte = content[anchor.at + number];
    if (window[anchor.from + number] === byte) score += 1;
    if (window[next.from - gap + number] === byte) score -= 1;
    if (score <= best) continue;
    best = score;
    split = number + 1;
  }
  return { forward: split, back: gap - split };
}
