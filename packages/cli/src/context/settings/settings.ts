/**
 * Every setting, once. A flag `--blob-info` has the variable `DTUF_BLOB_INFO` (`DXF_BLOB_INFO` for the program `dxf`);
 * the flag wins. A setting that is a secret has a variable and no flag: argv is visible to every process. A boolean
 * variable is on when it is `1` and off when it is empty or `0`; values.ts refuses any other.
 */
import { grammars } from "../grammar/grammar.ts";
import {
  count,
  dayMs,
  groupedSettings,
  hourMs,
  level,
  lifetime,
  like,
  list,
  minuteMs,
  needs,
  secret,
  text,
  toggle,
  type Setting,
} from "./setting-kinds.ts";
export type { Bounds, Setting, SideSetting } from "./setting-kinds.ts";

export const settings = {
  host: like(
    grammars.host,
    text("registry, or oci:DIR for an embedded one", "host[:port]", "the embedded registry ./dtuf_registry"),
  ),
  insecure: toggle("plain HTTP to the host named"),
  username: like(grammars.line, text("user name for the registry", "name")),
  password: secret("password for the registry"),
  token: like(grammars.secretLine, secret("bearer token for the registry, used as it is")),
  authorization: like(grammars.secretLine, secret("whole Authorization header for the registry")),
  "credentials-for": like(
    grammars.credentialsFor,
    text(
      "registries that user name, password and token are for: one, *.domain, or * for any",
      "host[:port]",
      "the host named",
    ),
  ),
  "auth-host": like(
    grammars.authority,
    text("host that replaces the one of the registry's token realm", "host[:port]"),
  ),
  header: like(grammars.header, list("header sent to the registry only, and as a secret, `Name: value`", "header")),
  "registry-config": needs(
    "parent",
    text("Docker config.json to read credentials from", "file", "as docker and podman look"),
  ),
  "ca-file": needs("file", text("PEM file of certificate authorities to trust for the host", "file")),
  "cert-file": needs("file", text("PEM client certificate for the host", "file")),
  "key-file": needs("file", text("PEM key of the client certificate", "file")),
  "cert-dir": needs("directory", text("directory of certificates, as certs.d/HOST has them", "directory")),
  skiptlsverify: toggle("do not verify the host's certificate"),
  tlsverify: needs("file", text("PEM file of certificate authorities (dxf's name of ca-file)", "file")),
  "ip-family": { kind: "choice", summary: "force the IP version", choices: ["4", "6"] },
  platform: like(grammars.platforms, text("platform to choose from a multi-platform image", "os/arch[/variant]")),
  concurrency: count("transfers at once", "8"),
  "repositories-root": text("directory of the local state", "directory", "./dtuf_repos"),
  "metadata-url": like(
    grammars.urlOrDirectory,
    text("a plain TUF repository's metadata instead of a registry; a query goes with every file", "url|directory"),
  ),
  "target-base-url": like(
    grammars.url,
    text("where that repository's targets are", "url", "metadata-url/../targets, with the same query"),
  ),
  "absent-root-status": {
    kind: "choice",
    summary: "beside 404, what that repository's host answers for a next root that is not there",
    choices: ["403"],
  },
  mirror: like(grammars.place, list("further place to pull from, tried in order", "place")),
  offline: toggle("open no connection; use what was pulled before"),
  "cache-if-valid": {
    kind: "optional-duration",
    summary:
      "open no connection while the cached metadata is valid and, if a duration is given, was refreshed no longer ago",
    value: "duration",
  },
  "require-state": toggle("fail if the local state cannot be written: without it older releases would be accepted"),
  root: needs(
    "file",
    text("root.json that is trusted: pinned if nothing is, or what a whole repository is verified from", "file"),
  ),
  name: text("name of the target, if it is not the file's", "target"),
  replace: toggle("trust a new chain of roots instead of the pinned one"),
  "blob-info": toggle("write `digest size` before each blob"),
  output: needs(
    "parent",
    text(
      "file to write to, - is stdout; of targets, a directory if it is one, ends in / or several targets go there",
      "path",
    ),
  ),
  "root-key-password": secret("passphrase of the root key"),
  "old-root-key-password": secret("passphrase of the root key that is being replaced"),
  "targets-key-password": secret("passphrase of the targets key"),
  "snapshot-key-password": secret("passphrase of the snapshot key"),
  "timestamp-key-password": secret("passphrase of the timestamp key"),
  "key-password": secret("passphrase of a private key outside the state, in a file or a variable"),
  signer: like(
    grammars.signer,
    list("private key to sign with, beside the key files and those remembered here", "uri"),
  ),
  "signers-file": text(
    "file that remembers where this person's private keys are",
    "file",
    "dtuf/signers.json in the user's configuration",
  ),
  owner: like(grammars.line, text("name of the person or team that holds the private key", "name")),
  from: like(grammars.line, text("private key of another tool to import, instead of a new one", "file")),
  "key-type": {
    kind: "choice",
    summary: "kind of new keys",
    choices: ["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"],
    fallback: "ed25519",
  },
  "require-family": {
    kind: "choice",
    summary: "kind of keys that every role must be signed with from this root on; no later root can drop it",
    choices: ["ed25519", "ecdsa", "rsa", "ml-dsa"],
  },
  "root-lifetime": lifetime("new root metadata", "1 year", { least: dayMs, most: 20 * 366 * dayMs }),
  "targets-lifetime": lifetime("new targets metadata", "3 months", { least: hourMs, most: 10 * 366 * dayMs }),
  "snapshot-lifetime": lifetime("new snapshot metadata", "1 week", { least: minuteMs, most: 366 * dayMs }),
  "timestamp-lifetime": lifetime("new timestamp metadata", "1 day", { least: 5000, most: 366 * dayMs }),
  base: {
    kind: "choice",
    summary:
      "what to build on: what is published, or this machine's record, which mends a registry that was rolled back or emptied",
    choices: ["published", "recorded"],
    fallback: "published",
  },
  "replace-repository": toggle(
    "replace another chain of roots that is published by this machine's: every client must pin again",
  ),
  move: toggle("take this machine's state, with its keys, to <repo>, where the repository was carried (sync --tuf)"),
  "trust-clock": toggle("this machine's clock is right and was ahead before"),
  snapshot: toggle(
    "sign a due snapshot again although another machine pushed what is published: only if you know that it is the newest",
  ),
  "expect-snapshot": text(
    "the published snapshot that this publication must build on: VERSION, '>=VERSION', '>VERSION' or sha256:DIGEST",
    "snapshot",
  ),
  record: needs("file", text("the newest push's record: only what it names is renewed, a due snapshot too", "file")),
  "record-out": needs("parent", text("write a signed record of this push, for --record on other machines", "file")),
  "record-lifetime": lifetime("a record", "2 weeks", { least: hourMs, most: 366 * dayMs }),
  proposal: like(grammars.proposalName, text("name of the proposal", "name", "next")),
  "expect-hash": like(
    grammars.proposalHash,
    text("the proposal's hash as a colleague read it out, or its first 32 digits or more", "hex"),
  ),
  export: needs(
    "parent",
    text("write the proposal to this file, for sign-file on a machine that is never online", "file"),
  ),
  import: needs("file", list("take in the signatures of a file that sign-file signed", "file")),
  yes: toggle("do not ask: what is shown was read before"),
  path: list("targets that the role may sign, `tools/*`", "pattern"),
  "path-hash-prefix": like(
    grammars.hex,
    list("targets that the role may sign, by the beginning of the SHA-256 of their names", "hex"),
  ),
  key: needs("file", list("PEM file of a public key of the role", "file")),
  threshold: count("how many of its keys must sign the role", "1"),
  count: {
    kind: "count",
    summary: "how many hash bins, a power of two",
    value: "count",
    bounds: { least: 2, most: 65_536 },
  },
  terminating: toggle("where the role may sign a target and has none, ask no later role"),
  within: { kind: "duration", summary: "how soon counts as due", value: "duration", fallback: "half a lifetime" },
  parts: toggle("the files are parts of one target, although its name is the name of a file too"),
  chunk: {
    kind: "choice",
    summary: "average size of the pieces that clients verify and fetch; smaller ones find more in older files",
    choices: ["4k", "8k", "16k", "32k", "64k", "128k", "256k", "512k", "1m", "2m", "4m"],
    fallback: "64k, from 4 GiB on 256k or more",
  },
  custom: like(
    grammars.custom,
    list(
      "custom metadata, signed with a target, or what listed targets must have: text under a key, or a JSON object from a file",
      "key=value|@file",
    ),
  ),
  match: list("take the targets whose names match, as paths of delegations do: * and ? stop at a /", "pattern"),
  "names-from": needs("file", text("names of targets, one a line; - is stdin", "file")),
  seed: needs("file", list("file to take from what it has of the targets, such as an older version", "file")),
  explain: toggle(
    "print how each target would come, in bytes and requests, and fetch none; files of an oci: layout always come whole",
  ),
  tree: toggle("keep the directories in the targets' names below --output"),
  prefix: text("what the names of the targets begin with, before a /", "name"),
  role: text("the targets of this delegated role alone, or the delegations in its document", "role"),
  newer: toggle("leave out files whose content, by its hash, is what is signed or staged"),
  verify: toggle("read what the destination has already and compare it with its digest"),
  "dry-run": toggle("say what would be done, do nothing"),
  null: {
    kind: "switch",
    short: "0",
    summary: "a NUL byte instead of a line end after each name, printed or read, and nothing is escaped",
  },
  man: toggle("write the manual's pages, for man(1)"),
  prometheus: toggle("metrics on stdout, as Prometheus reads them (docs/metrics.md)"),
  json: toggle("one JSON document on stdout"),
  quiet: toggle("no progress, no notes"),
  "no-input": toggle("ask nothing, as in a pipe and with CI set"),
  progress: {
    kind: "choice",
    summary: "progress on stderr: always, never, of what lasts over a second, or as JSON lines",
    choices: ["1", "0", "auto", "json"],
    fallback: "auto",
  },
  "log-file": needs("parent", text("append a log to this file", "file")),
  "file-log-level": level("level of the log file"),
  "console-log-level": level("level of notes on stderr"),
  "password-stdin": toggle("read the password from stdin"),
  "identity-token-stdin": toggle("read an identity token from stdin"),
  keychain: toggle("use the operating system's keychain"),
  src: {
    kind: "choice",
    short: "s",
    summary: "what SOURCE is",
    choices: ["docker", "dir", "oci", "oci-archive", "yaml"],
    fallback: "as SOURCE is written",
  },
  dest: {
    kind: "choice",
    short: "d",
    summary: "what DESTINATION is",
    choices: ["docker", "dir", "oci", "oci-archive"],
    fallback: "as DESTINATION is written",
  },
  "source-yaml": needs("file", text("list of what to copy, instead of SOURCE", "file")),
  scoped: toggle("name images at the destination by the source's whole name, registry included"),
  all: {
    kind: "switch",
    short: "a",
    summary: "every platform of an image; every target; every release; of a root, every one that leads to it",
  },
  "append-suffix": text("put behind the names at the destination", "suffix"),
  map: like(grammars.mapping, list("what a repository is called at the destination, `SOURCE=DESTINATION`", "names")),
  include: list("take only tags that match this regular expression", "regex"),
  exclude: list("take no tag that matches this regular expression", "regex"),
  newest: count("take only so many of the highest versions"),
  referrers: toggle("carry along what refers to the images: signatures, attestations"),
  "require-referrers": toggle("end with 11 if anything that refers to an image is not at the destination; look for it"),
  delete: toggle("delete at the destination, or stage the removal of targets, what is gone at the source"),
  "keep-going": toggle("go on with the other images after one that failed"),
  "preserve-digests": toggle("never change a digest: always so, accepted for skopeo's sake"),
  format: text("refused unless it is what the source has: digests never change", "format"),
  "remove-signatures": toggle("leave signatures behind"),
  "sign-by": text("refused: images are not signed here", "key"),
  policy: text("refused: policies of another signature scheme are not read", "file"),
  "retry-times": {
    ...count("tries more for an image whose copy failed for a passing reason", "0"),
    bounds: { least: 0, most: 999 },
  },
  "retry-delay": { kind: "duration", summary: "wait between those", value: "duration", fallback: "1s, then doubled" },
  digestfile: needs("parent", text("write the digest of every image that is at the destination", "file")),
  report: needs("parent", text("write what was done, as JSON", "file")),
  images: count("images at once", "12"),
  tuf: needs(
    "file",
    text(
      "carry a TUF repository: verify it from this root.json or chain of roots and copy what it references",
      "root.json",
    ),
  ),
  layout: {
    kind: "choice",
    summary:
      "how a TUF repository is written: dtuf's format, or Docker's (DESTINATION/metadata and DESTINATION/targets)",
    choices: ["dtuf", "docker"],
    fallback: "dtuf",
  },
  sample: count("how many targets, chosen at random, are read and verified", "10"),
  "valid-days": count(
    "refuse a TUF repository of which anything expires within so many days; by default a timestamp is valid for one",
  ),
  authfile: needs(
    "file",
    text("auth.json to read credentials from", "file", "REGISTRY_AUTH_FILE, then as podman looks"),
  ),
  ...groupedSettings,
  "plain-text": toggle("store the password in the config file, unencrypted"),
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;

export function variableOf(name: string, prefix: string): string {
  return `${prefix}_${name.toUpperCase().replaceAll("-", "_")}`;
}
