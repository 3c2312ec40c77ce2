/**
 * `WWW-Authenticate` (RFC 9110, 11.6.1): several challenges in one header and several headers, in any order and case.
 * The parser never throws, because a server writes this text: it skips what it cannot read, in time linear in the length of
 * a text that the transport has bounded. It accepts deviations of real servers: missing commas, blanks around `=`, and
 * unquoted values that are not tokens.
 */

export interface Challenge {
  /** In lower case: "bearer", "basic", … */
  readonly scheme: string;
  /** Names in lower case. The first value of a repeated name counts. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly token68?: string;
}

interface Scanner {
  readonly text: string;
  at: number;
}

/** Parses the challenges of all headers, in order. Never throws: text that cannot be read is skipped. */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers.flatMap((header) => parseHeader({ text: header, at: 0 }));
}

function parseHeader(scanner: Scanner): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let parameters: Map<string, string> | undefined;
  while (scanner.at < scanner.text.length) {
    const word = take(scanner, /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y)?.toLowerCase();
    if (word === undefined) {
      scanner.at += 1;
      continue;
    }
    if (take(scanner, /[ \t]*=[ \t]*/y) !== undefined) {
      const value = takeValue(scanner);
      if (parameters?.has(word) === false) parameters.set(word, value);
      continue;
    }
    parameters = new Map();
    const token68 = take(scanner, / +[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y)?.trim();
    challenges.push({ scheme: word, parameters, ...(token68 !== undefined && { token68 }) });
  }
  return challenges;
}

function take(scanner: Scanner, pattern: RegExp): string | undefined {
  pattern.lastIndex = scanner.at;
  const found = pattern.exec(scanner.text)?.[0];
  scanner.at += found?.length ?? 0;
  return found;
}

function takeValue(scanner: Scanner): string {
  return scanner.text[scanner.at] === '"' ? takeQuoted(scanner) : (take(scanner, /[^\s,"]+/y) ?? "");
}

/** A quoted-string (RFC 9110, 5.6.4). If its closing quote is missing, it extends to the end of the header. */
function takeQuoted(scanner: Scanner): string {
  const { text } = scanner;
  let value = "";
  for (let at = scanner.at + 1; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === '"') {
      scanner.at = at + 1;
      return value;
    }
    if (char === "\\") at += 1;
    value += char === "\\" ? (text[at] ?? "") : char;
  }
  scanner.at = text.length;
  return value;
}
