import { credentialHost, type Credential, type CredentialProvider } from "./credentials.ts";

export interface PatternCredential {
  /**
   * `host[:port]` matches that registry, `*.corp.example[:port]` every host below the domain, `*` every registry. Without a port
   * only the default port matches.
   */
  readonly registry: string;
  readonly credential: Credential;
}

/**
 * Credentials for registries by name. An exact name wins over every pattern, a longer pattern over a shorter one.
 * @throws TypeError if a pattern has a `*` elsewhere
 */
export function createPatternCredentials(entries: readonly PatternCredential[]): CredentialProvider {
  const rules = entries.map(({ registry, credential }) => {
    const pattern = credentialHost(registry);
    if (!/^(\*$|\*\.)?[^*]*$/.test(pattern)) throw new TypeError(`wanted host, *.domain or *, got ${registry}`);
    return { pattern, credential, rank: pattern.startsWith("*") ? pattern.length : Infinity };
  });
  const ordered = rules.toSorted((a, b) => (a.rank === b.rank ? 0 : b.rank - a.rank));
  return {
    find: ({ registry }) =>
      Promise.resolve(ordered.find(({ pattern }) => matches(pattern, credentialHost(registry)))?.credential),
  };
}

function matches(pattern: string, registry: string): boolean {
  if (pattern === "*" || pattern === registry) return true;
  return pattern.startsWith("*.") && registry.endsWith(pattern.slice(1)) && registry.length > pattern.length - 1;
}
