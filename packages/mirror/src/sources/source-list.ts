/**
 * The YAML list of what to copy: skopeo's schema, a registry at the top of each part, and `map` for other names at the
 * destination. Keys that are not known and values of a wrong type are errors that name line and key; a pattern that is
 * wrong is the failure of its own entry only, so patterns stay text here.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { MirrorError } from "../errors.ts";
import { listAliasesMax, listEntriesMax, listMaxBytes } from "../limits.ts";

export interface ListedCredential {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identityToken?: string | undefined;
}

/** What a list says of one registry. Undefined: the command line decides. */
export interface ListedRegistry {
  readonly registry: string;
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
  /** For errors: where it stands in the list. */
  readonly line: number;
  /** Tags, digests and `tag@digest`; none: every tag. */
  readonly images?: readonly string[];
  readonly regex?: string;
  readonly semver?: string;
}

/** @throws MirrorError MIRROR_LIST_INVALID */
export function parseSourceList(bytes: Uint8Array, name: string): readonly ListedRegistry[] {
  if (bytes.length > listMaxBytes) throw invalid({ name }, `larger than ${listMaxBytes} bytes`);
  const lines = new LineCounter();
  const document = parseDocument(decode(bytes, name), { lineCounter: lines, prettyErrors: false, strict: true });
  const [error] = document.errors;
  if (error !== undefined) {
    throw invalid({ name, line: lines.linePos(error.pos[0]).line, cause: error }, error.message);
  }
  const reader = createReader(name, document, lines);
  return reader.entries(document.contents, "the list").map(({ key, node }) => parseRegistry(reader, key, node));
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
  /** The entries of a mapping; nothing at all is an empty one. */
  entries(node: Node | null, what: string): readonly Entry[];
  items(node: Node | null, what: string): readonly Node[];
  text(node: Node | null, what: string): string;
  flag(node: Node | null, what: string): boolean;
  unknownKey(line: number, what: string): MirrorError;
}

interface Bounds {
  resolve(node: Node | null): Node | null;
  count(node: Node | null, more: number): void;
}

/** Aliases of aliases multiply: what they stand for is counted as often as it is read. */
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
      if (entries > listEntriesMax) throw refuse(node, `more than ${listEntriesMax} entries, with what aliases repeat`);
    },
  };
}

function createReader(name: string, document: Document, lines: LineCounter): Reader {
  const lineOf = (node: Node | null): number | undefined =>
    node?.range === null || node?.range === undefined ? undefined : lines.linePos(node.range[0]).line;
  const refuse = (node: Node | null, what: string): MirrorError => invalid({ name, line: lineOf(node) }, what);
  const bounds = createBounds(document, refuse);
  const isNothing = (node: Node | null): boolean => node === null || (isScalar(node) && node.value === null);

  function text(node: Node | null, what: string): string {
    const found = bounds.resolve(node);
    if (isScalar(found) && typeof found.value === "string") return found.value;
    // `1.10` without quotes is a number to YAML, and a tag to whoever wrote it.
    if (isScalar(found) && typeof found.value === "number" && found.source !== undefined) return found.source;
    throw refuse(node, `${what} must be a text`);
  }

  return {
    unknownKey: (line, what) => invalid({ name, line }, `unknown key ${what}`),
    text,
    entries(node, what) {
      const found = bounds.resolve(node);
      if (isNothing(found)) return [];
      if (!isMap(found)) throw refuse(node, `${what} must be a mapping`);
      bounds.count(node, found.items.length);
      return found.items.map(({ key, value }) => ({
        key: text(key as Node, `a key of ${what}`),
        node: value as Node | null,
        line: lineOf(key as Node) ?? 0,
      }));
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

function parseRegistry(reader: Reader, registry: string, node: Node | null): ListedRegistry {
  const selections: ListedSelection[] = [];
  const map = new Map<string, string>();
  let [credential, tlsVerify, certDir]: [ListedCredential | undefined, "verify" | "skip" | undefined, string?] = [
    undefined,
    undefined,
  ];
  for (const { key, node: value, line } of reader.entries(node, registry)) {
    const what = `${registry}: ${key}`;
    if (key === "images" || key === "images-by-tag-regex" || key === "images-by-semver") {
      selections.push(...parseSelections(reader, key, { node: value, what }));
    } else if (key === "credentials") credential = parseCredential(reader, value, what);
    else if (key === "tls-verify") tlsVerify = reader.flag(value, what) ? "verify" : "skip";
    else if (key === "cert-dir") certDir = reader.text(value, what);
    else if (key === "map") {
      for (const entry of reader.entries(value, what))
        map.set(entry.key, reader.text(entry.node, `${what}: ${entry.key}`));
    } else throw reader.unknownKey(line, what);
  }
  return { registry, credential, tlsVerify, certDir, selections, map };
}

function parseSelections(
  reader: Reader,
  kind: "images" | "images-by-tag-regex" | "images-by-semver",
  { node, what }: { readonly node: Node | null; readonly what: string },
): readonly ListedSelection[] {
  return reader.entries(node, what).map(({ key: repository, node: value, line }) => {
    const named = `${what}: ${repository}`;
    if (kind === "images-by-tag-regex") return { repository, line, regex: reader.text(value, named) };
    if (kind === "images-by-semver") return { repository, line, semver: reader.text(value, named) };
    return { repository, line, images: reader.items(value, named).map((item) => reader.text(item, named)) };
  });
}

function parseCredential(reader: Reader, node: Node | null, what: string): ListedCredential | undefined {
  let credential: ListedCredential = {};
  for (const { key, node: value, line } of reader.entries(node, what)) {
    const named = `${what}: ${key}`;
    if (key === "username") credential = { ...credential, username: reader.text(value, named) };
    else if (key === "password") credential = { ...credential, password: reader.text(value, named) };
    else if (key === "identitytoken") credential = { ...credential, identityToken: reader.text(value, named) };
    else throw reader.unknownKey(line, named);
  }
  // Left empty they say nothing: what the credential files hold is used.
  return Object.values(credential).some((value) => value !== "") ? credential : undefined;
}
