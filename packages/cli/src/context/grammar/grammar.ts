/** What the values of settings look like. A value that does not is a usage error before the command does anything. */

export interface Grammar {
  readonly test: (value: string) => boolean;
  /** As the error says it: "wanted …". */
  readonly wanted: string;
  /** "hide": the value may hold a secret, and no error repeats it. */
  readonly shown: "show" | "hide";
}

/** Of a plain repository, where a registry's could stand. */
export function isPlainUrl(text: string): boolean {
  return /^(?:https?|file):/.test(text);
}

const pattern = (expression: RegExp, wanted: string, shown: Grammar["shown"] = "show"): Grammar => ({
  test: (value) => expression.test(value),
  wanted,
  shown,
});

/** Of a header's value: no control characters, so that nothing can become a second header. */
const line = /^[^\p{Cc}]*$/u;
const platform = "[a-z0-9_]+/[a-z0-9_]+(?:/[A-Za-z0-9_.]+)?";

export const grammars = {
  host: pattern(/^(?:oci:.+|[^\s/?#@\p{Cc}]+)$/u, "host[:port], without https:// and without a path, or oci:DIR"),
  authority: pattern(/^[^\s/?#@\p{Cc}]+$/u, "host[:port]"),
  credentialsFor: pattern(/^(?:\*|(?:\*\.)?[^*\s/?#@\p{Cc}]+)$/u, "host[:port], *.domain or *"),
  place: pattern(/^(?:oci(?:-archive)?:[^\p{Cc}]+|[^\s\p{Cc}]+)$/u, "a repository or a URL"),
  line: pattern(line, "text without line ends and control characters"),
  secretLine: pattern(line, "text without line ends and control characters", "hide"),
  credentials: pattern(/^[^:\p{Cc}][^\p{Cc}]*$/u, "USER[:PASSWORD]", "hide"),
  header: pattern(/^[\w!#$%&'*+.^`|~-]+:[^\p{Cc}]*$/u, "`Name: value`", "hide"),
  platforms: pattern(new RegExp(`^${platform}(?:,\\s*${platform})*$`), "os/arch[/variant]"),
  signer: pattern(/^[a-z][a-z0-9+.-]+:[^\p{Cc}]+$/u, "a signer's URI, such as file2:PATH or hv:KEY/VERSION"),
  hex: pattern(/^[0-9a-f]{1,64}$/, "hexadecimal digits"),
  proposalName: pattern(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/, "letters, digits, ., _ and -, at most 100"),
  proposalHash: pattern(/^[0-9a-f]{32,64}$/, "32 to 64 hexadecimal digits"),
  custom: pattern(/^(?:@.+|[^=@\p{Cc}][^=\p{Cc}]*=[^]*)$/u, "KEY=VALUE or @FILE"),
  percentage: pattern(/^(?:100|[1-9]?\d)%?$/, "a whole percentage, such as 10%"),
  version: pattern(/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/, "semantic versioning, such as 1.4.0"),
  size: pattern(/^[1-9]\d{0,5}[kmg]$/, "a size with its unit, such as 500m or 4g"),
  day: pattern(/^\d{4}-\d\d-\d\d$/, "YYYY-MM-DD"),
  mapping: pattern(/^[^=]+=.+$/, "SOURCE=DESTINATION"),
  urlOrDirectory: {
    test: (value) => (isPlainUrl(value) ? URL.canParse(value) : !/:\/\/|\p{Cc}/u.test(value)),
    wanted: "a URL of https:, http: or file:, or a directory",
    shown: "hide",
  },
  url: {
    test: (value) => ["https:", "http:", "file:"].includes(URL.parse(value)?.protocol ?? ""),
    wanted: "a URL of https:, http: or file:",
    shown: "hide",
  },
} as const satisfies Readonly<Record<string, Grammar>>;
