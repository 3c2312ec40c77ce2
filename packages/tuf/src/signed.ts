import type { JsonObject } from "./json.ts";

/** What every role's `signed` part has. */
export interface SignedFields {
  /** 1 to 2^53 - 1. */
  readonly version: number;
  /** `1.x` or `1.x.y`. */
  readonly specVersion: string;
  /** Whole seconds. The document is expired from this instant on. */
  readonly expires: Date;
  /** Fields that TUF does not name, kept as they came. */
  readonly unrecognized: JsonObject;
}

/** The TUF specification that these rules follow. */
export const specVersion = "1.0.34";
