/**
 * The YAML list of images to copy: skopeo's schema, with a registry as the key of each part, and `map` for other names at
 * the destination. Unknown keys and values of a wrong type are errors that name line and key. A malformed pattern fails only
 * its own entry, so patterns are not parsed here.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { MirrorError } from "../errors.ts";
import { listAliasesMax, listEntriesMax, listMaxBytes } from "../limits.ts";

export interface ListedCredential {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A file whose first line is the password. The caller reads it. */
  readonly passwordFile?: string | undefined;
  readonly identityToken?: string | undefined;
}

/** The part of a list for one registry. Undefined members: the command line decides. */
export interface ListedRegistry {
  readonly registry: string;
  /**
   * `team` for a part named `host/team`, whose repositories are below it. Undefined: the part is for the whole registry.
   */
  readonly namespace?: string | undefined;
  readonly credential: ListedCredential | undefined;
  readonly tlsVerify: "verify" | "skip" | undefined;
  readonly certDir: string | undefined;
  /** In the order of the list. */
  readonly selections: readonly ListedSelection[];
  /** Repository at the source -> repository at the destination. */
  readonly map: ReadonlyMap<string, string>;
}

export interface ListedSelection {
  readonly repository: string;
  /** Line in the list, for errors. */
  readonly line: number;
  /** Tags, digests and `tag@digest`. Empty: every tag. */
  readonly images?: readonly string[];
  readonly regex?: string;
  readonly semver?: string;
}

export interface SourceListOptions {
  /** Values of `${NAME}` in credentials. They are not used elsewhere. Default: no variable is set. */
  readonly variables?: Readonly<Record<string, string | undefined>> | undefined;
}

/** @throws MirrorError MIRROR_LIST_INVALID */
export function parseSourceList(
  bytes: Uint8Array,
  name: string,
  { variables = {} }: SourceListOptions = {},
): readonly ListedRegistry[] {
  if (bytes.length > listMaxBytes) throw invalid({ name }, `larger than ${listMaxBytes} bytes`);
  const lines = new LineCounter();
  const document = parseDocument(decode(bytes, name), { lineCounter: lines, prettyErrors: false, strict: true });
  const [error] = document.errors;
  if (error !== undefined) {
    throw invalid({ name, line: lines.linePos(error.pos[0]).line, cause: error }, error.message);
  }
  const reader = createReader(name, document, lines);
  return reader
    .entries(document.contents, "the list")
    .map(({ key, node }) => parseRegistry(reader, { key, node, variables }));
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid({ name, cause }, "not UTF-8");
  }
}

interface Fault {
  readonly name: string;
  readonly line?: number | undefined;
  readonly cause?: unknown;
}

function invalid({ name, line, cause }: Fault, what: string): MirrorError {
  const where = line === undefined ? name : `${name}:${line}`;
  const details = { list: name, ...(line === undefined ? {} : { line }) };
  return new MirrorError("MIRROR_LIST_INVALID", `${where}: ${what}`, { details, cause });
}

interface Entry {
  readonly key: string;
  readonly node: Node | null;
  readonly line: number;
}

interface Reader {
  /** The entries of a mapping. A missing value counts as an empty mapping. */
  entries(node: Node | null, what: string): readonly Entry[];
  items(node: Node | null, what: string): readonly Node[];
  text(node: Node | null, what: string): string;
  flag(node: Node | null, what: string): boolean;
  isList(node: Node | null): boolean;
  refuse(node: Node | null, what: string): MirrorError;
  unknownKey(line: number, what: string): MirrorError;
}

interface Bounds {
  resolve(node: Node | null): Node | null;
  count(node: Node | null, more: number): void;
}

/** Counts the content of an alias each time that it is read, because aliases of aliases multiply. */
function createBounds(document: Document, refuse: (node: Node | null, what: string) => MirrorError): Bounds {
  let [entries, aliases] = [0, 0];
  return {
    resolve(node) {
      if (!isAlias(node)) return node;
      if (++aliases > listAliasesMax) throw refuse(node, `more than ${listAliasesMax} aliases`);
      return node.resolve(document) ?? null;
    },
    count(node, more) {
      entries += more;
      if (entries > listEntriesMax)
        throw refuse(node, `more than ${listEntriesMax} entries, including repetitions by aliases`);
    },
  };
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function createReader(name: string, document: Document, lines: LineCounter): Reader {
  const lineOf = (node: Node | null): number | undefined =>
    node?.range === null || node?.range === undefined ? undefined : lines.linePos(node.range[0]).line;
  const refuse = (node: Node | null, what: string): MirrorError => invalid({ name, line: lineOf(node) }, what);
  const bounds = createBounds(document, refuse);

  function text(node: Node | null, what: string): string {
    const found = bounds.resolve(node);
    if (isScalar(found) && typeof found.value === "string") return found.value;
    // Without quotes, `1.10` is a number in YAML, but its author means a tag.
    if (isScalar(found) && typeof found.value === "number" && found.source !== undefined) return found.source;
    throw refuse(node, `${what} must be a text`);
  }

  return {
    unknownKey: (line, what) => invalid({ name, line }, `unknown key ${what}`),
    refuse,
    text,
    isList: (node) => isSeq(bounds.resolve(node)),
    entries(node, what) {
      const found = bounds.resolve(node);
      if (isNothing(found)) return [];
      if (!isMap(found)) throw refuse(node, `${what} must be a mapping`);
      bounds.count(node, found.items.length);
      const named = `a key of ${what}`;
      const entry = (key: Node, node: Node | null): Entry => ({ key: text(key, named), node, line: lineOf(key) ?? 0 });
      return found.items.map(({ key, value }) => entry(key as Node, value as Node | null));
    },
    items(node, what) {
      const found = bounds.resolve(node);
      if (isNothing(found)) return [];
      if (!isSeq(found)) throw refuse(node, `${what} must be a list`);
      bounds.count(node, found.items.length);
      return found.items as Node[];
    },
    flag(node, what) {
      const found = bounds.resolve(node);
      if (isScalar(found) && typeof found.value === "boolean") return found.value;
      throw refuse(node, `${what} must be true or false`);
    },
  };
}

interface Part {
  readonly key: string;
  readonly node: Node | null;
  readonly variables: Variables;
}

type Variables = SourceListOptions["variables"] & {};

function parseRegistry(reader: Reader, { key: named, node, variables }: Part): ListedRegistry {
  const selections: ListedSelection[] = [];
  const map = new Map<string, string>();
  const [registry = "", ...namespace] = named.split("/");
  const below = (repository: string): string => [...namespace, repository].join("/");
  let [credential, tlsVerify, certDir]: [ListedCredential | undefined, "verify" | "skip" | undefined, string?] = [
    undefined,
    undefined,
  ];
  for (const { key, node: value, line } of reader.entries(node, named)) {
    const what = `${named}: ${key}`;
    if (key === "images" || key === "images-by-tag-regex" || key === "images-by-semver") {
      const own = parseSelections(reader, key, { node: value, what });
      selections.push(...own.map((selection) => ({ ...selection, repository: below(selection.repository) })));
    } else if (key === "credentials") credential = parseCredential(reader, { key: what, node: value, variables });
    else if (key === "tls-verify") tlsVerify = reader.flag(value, what) ? "verify" : "skip";
    else if (key === "cert-dir") certDir = reader.text(value, what);
    else if (key === "map") {
      for (const entry of reader.entries(value, what))
        map.set(below(entry.key), reader.text(entry.node, `${what}: ${entry.key}`));
    } else throw reader.unknownKey(line, what);
  }
  return { registry, namespace: namespace.join("/") || undefined, credential, tlsVerify, certDir, selections, map };
}

function parseSelections(
  reader: Reader,
  kind: "images" | "images-by-tag-regex" | "images-by-semver",
  { node, what }: { readonly node: Node | null; readonly what: string },
): readonly ListedSelection[] {
  return reader.entries(node, what).map(({ key: repository, node: value, line }) => {
    const named = `${what}: ${repository}`;
    if (kind === "images-by-tag-regex") return { repository, line, regex: reader.text(value, named) };
    if (kind === "images-by-semver" && !reader.isList(value)) {
      return { repository, line, semver: reader.text(value, named) };
    }
    const texts = reader.items(value, named).map((item) => reader.text(item, named));
    if (kind === "images") return { repository, line, images: texts };
    if (texts.length === 0) throw reader.refuse(value, `${named} has no version constraint`);
    // Several constraints are alternatives, like `||` within one.
    return { repository, line, semver: texts.join(" || ") };
  });
}

const credentialKeys = {
  username: "username",
  password: "password",
  "password-file": "passwordFile",
  identitytoken: "identityToken",
} as const;

function parseCredential(reader: Reader, { key: what, node, variables }: Part): ListedCredential | undefined {
  const credential: Partial<Record<keyof ListedCredential, string>> = {};
  for (const { key, node: value, line } of reader.entries(node, what)) {
    const named = `${what}: ${key}`;
    if (!Object.hasOwn(credentialKeys, key)) throw reader.unknownKey(line, named);
    const text = reader.text(value, named);
    credential[credentialKeys[key as keyof typeof credentialKeys]] = text.replaceAll(
      /\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g,
      (_whole, literal: string | undefined, variable: string) => {
        const set = literal ?? (Object.hasOwn(variables, variable) ? variables[variable] : undefined);
        if (set === undefined) throw reader.refuse(value, `${named}: the variable ${variable} is not set`);
        return set;
      },
    );
  }
  if ((credential.password ?? "") !== "" && (credential.passwordFile ?? "") !== "")
    throw reader.refuse(node, `${what}: password and password-file exclude each other`);
  // Empty credentials count as missing, so that the credential files are used.
  return Object.values(credential).some((value) => value !== "") ? credential : undefined;
}
