/** A registry can repeat what a request sent to it. What is secret there must not come into an error, which goes to logs. */

/** A shorter text is found by chance in words that are no secret. */
const secretMinLength = 6;

/** Values of a request's headers: whole, without their scheme, and the password of Basic credentials. Longest first. */
export function secretsOf(headers: Readonly<Record<string, string>> | undefined): readonly string[] {
  const secrets = Object.entries(headers ?? {}).flatMap(([name, value]) =>
    name.toLowerCase() === "user-agent" ? [] : [value, ...partsOf(value)],
  );
  return secrets.filter(({ length }) => length >= secretMinLength).toSorted((a, b) => b.length - a.length);
}

function partsOf(value: string): readonly string[] {
  const [, scheme = "", credentials = ""] = /^(\S+) +(.*)$/.exec(value) ?? [];
  if (scheme.toLowerCase() !== "basic") return [credentials];
  const decoded = Buffer.from(credentials, "base64").toString();
  return [credentials, decoded, decoded.slice(decoded.indexOf(":") + 1)];
}

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), text);
}
