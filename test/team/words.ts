/** The words in which the story of a simulated year is written. */

/** A name of a key. `dave/2` is Dave's second key. Owners in the metadata have these names too. */
export type KeyName = string;

/** A machine with a publisher's state. Those named `ci…` have the online keys. */
export type Machine = string;

/** A change that is staged. */
export type Change =
  | { readonly put: string; readonly content: string }
  | { readonly drop: string }
  | { readonly key: KeyName; readonly into: string }
  | { readonly key: KeyName; readonly outOf: string }
  | { readonly threshold: number; readonly of: string }
  | { readonly trust: KeyName; readonly role: string; readonly paths: readonly string[] }
  /** The release that was the newest before the event of that day. */
  | { readonly backBefore: number };

interface Team {
  /** The name of a proposal. */
  readonly as: string;
  /** The code of the error that must come. */
  readonly refused?: string;
}

export type Step =
  /** A machine gets a key. A machine that does not exist yet is made, with the newest root as its pin. */
  | { readonly do: "get key"; readonly who: Machine; readonly key: KeyName }
  | { readonly do: "lose machine"; readonly who: Machine }
  /** `of`: a delegated role, whose targets change. */
  | { readonly do: "stage"; readonly who: Machine; readonly changes: readonly Change[]; readonly of?: string }
  | ({ readonly do: "propose"; readonly who: Machine; readonly of?: string } & Team)
  | ({ readonly do: "sign"; readonly who: Machine } & Team)
  | ({ readonly do: "accept"; readonly who: Machine } & Team)
  /** Each machine accepts its proposal, all at the same moment. */
  | { readonly do: "accept at once"; readonly each: readonly { readonly who: Machine; readonly as: string }[] }
  /** A thief who may write to the registry proposes a target of a role, signed with keys that were stolen. */
  | { readonly do: "forge proposal"; readonly of: string; readonly put: string; readonly keys: readonly KeyName[] }
  /** The same thief moves `latest` to a release with a timestamp and a snapshot of that key, which all clients must refuse. */
  | { readonly do: "forge release"; readonly key: KeyName }
  /** Somebody tells CI that the published snapshot is the newest, although another machine pushed it. */
  | { readonly do: "vouch for the snapshot" }
  | { readonly do: "stop CI" }
  | { readonly do: "start CI" };

export interface StoryEvent {
  readonly day: number;
  readonly what: string;
  readonly steps: readonly Step[];
  /** What clients find from then on: the content of a target, or undefined if it is gone. */
  readonly publishes?: Readonly<Record<string, string | undefined>>;
  /** A line of `status` that a machine that only looks has seen on an earlier day of the last 30, such as `timestamp is due`. */
  readonly warned?: string;
  /** From this day on clients refuse with that code, or are served again. */
  readonly clients?: "TUF_EXPIRED" | "served";
}

export interface Story {
  /** The last day. */
  readonly until: number;
  readonly events: readonly StoryEvent[];
}
