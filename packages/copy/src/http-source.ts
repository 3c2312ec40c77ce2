import type { Transport } from "@dtuf/registry/http";
import type { Source } from "./source.ts";

export interface HttpSourceOptions {
  readonly metadataUrl: URL;
  /** Default: `targets/` beside the metadata. */
  readonly targetBaseUrl?: URL | undefined;
  readonly transport: Transport;
  readonly name?: string | undefined;
}

/** A plain TUF repository over HTTP(S). */
export function createHttpSource(_options: HttpSourceOptions): Source {
  throw new TypeError("not there yet");
}
