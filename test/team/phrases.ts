/** What the story says more than once. */
import type { Change, Step } from "./words.ts";

/** Dave proposes what he staged, Erin signs, CI publishes. */
export const publish: readonly Step[] = [
  { do: "propose", who: "dave", as: "next" },
  { do: "sign", who: "erin", as: "next" },
  { do: "accept", who: "ci", as: "next" },
];

export function release(version: string): readonly Step[] {
  return [{ do: "stage", who: "dave", changes: [{ put: "app", content: version }] }, ...publish];
}

/** A delegate publishes with its own key alone. */
export function delegated(role: string, who: string, [put, content]: readonly [string, string]): readonly Step[] {
  return [
    { do: "stage", who, of: role, changes: [{ put, content }] },
    { do: "propose", who, of: role, as: role },
    { do: "accept", who: "ci", as: role },
  ];
}

/** The first of the people stages changes of root and proposes them, the others sign, CI publishes. */
export function changeRoot(as: string, changes: readonly Change[], people: readonly string[]): Step[] {
  const [first = "", ...others] = people;
  return [
    { do: "stage", who: first, changes },
    { do: "propose", who: first, as },
    ...others.map((who): Step => ({ do: "sign", who, as })),
    { do: "accept", who: "ci", as },
  ];
}

export function replace(role: string, old: string, next: string): readonly Change[] {
  return [
    { key: next, into: role },
    { key: old, outOf: role },
  ];
}

/** Nothing is staged: the role is signed again because it is due. */
export function renew(role: string, who: string): readonly Step[] {
  return [
    { do: "propose", who, of: role, as: role },
    { do: "accept", who: "ci", as: role },
  ];
}
