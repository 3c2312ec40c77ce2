/** What became of one peer. */
export type Outcome =
  | {
      readonly kind: "ran";
      /** Name, version and path. */
      readonly peer: string;
      readonly did: string;
      readonly faults: readonly string[];
    }
  | { readonly kind: "missing"; readonly peer: string; readonly install: string };
