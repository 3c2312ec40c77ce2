import type { Origin } from "./origin.ts";
import type { TlsOptions } from "./tls.ts";

export async function readCertsDirectories(
  _directories: readonly string[],
): Promise<(origin: Origin) => TlsOptions | undefined> {
  return () => undefined;
}
