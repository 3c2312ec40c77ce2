/**
 * `WWW-Authenticate` (RFC 9110, 11.6.1): several challenges in one header and several headers, in any order and case.
 * A server writes this text, so the parser never throws: what it cannot read it leaves out, and it is linear in the
 * length of a text that the transport has bounded.
 */

export interface Challenge {
  /** In lower case: "bearer", "basic", … */
  readonly scheme: string;
  /** Names in lower case; of a repeated name the first value counts. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly token68?: string;
}

export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  void headers;
  return [];
}
