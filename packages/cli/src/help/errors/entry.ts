/** What a person needs to know about an error code, beyond the message. */
export interface ErrorEntry {
  readonly cause: string;
  /** Whether it can be an attack, and what is lost. */
  readonly risk: string;
  /** What to do; commands in backquotes. */
  readonly mend: string;
}

export type ErrorEntries<Code extends string> = Readonly<Record<Code, ErrorEntry>>;

export const noRisk = "None: nothing was changed.";
export const unaccepted = "Nothing of it was accepted, and what was trusted before is as it was.";
