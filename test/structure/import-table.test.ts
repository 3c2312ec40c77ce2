import { describe, expect, test } from "vitest";
import { readPackages, type Import, type Package, type SourceFile } from "./sources.ts";

/** Which of our packages each one may import. Tests may import @dtuf/testing too. */
const table: Readonly<Record<string, readonly string[]>> = {
  registry: [],
  tuf: [],
  delta: [],
  format: ["@dtuf/registry", "@dtuf/tuf"],
  master: ["@dtuf/delta", "@dtuf/format", "@dtuf/registry", "@dtuf/tuf"],
  copy: ["@dtuf/delta", "@dtuf/format", "@dtuf/registry", "@dtuf/tuf"],
  mirror: ["@dtuf/copy", "@dtuf/format", "@dtuf/registry", "@dtuf/tuf"],
  agent: ["@dtuf/copy", "@dtuf/registry", "@dtuf/tuf"],
  signers: ["@dtuf/tuf"],
  cli: [
    "@dtuf/agent",
    "@dtuf/copy",
    "@dtuf/delta",
    "@dtuf/format",
    "@dtuf/master",
    "@dtuf/mirror",
    "@dtuf/registry",
    "@dtuf/signers",
    "@dtuf/tuf",
  ],
  testing: ["@dtuf/format", "@dtuf/registry", "@dtuf/tuf"],
};

/** The built-in modules that neither read nor write nor know the time. */
const pureModules: ReadonlySet<string> = new Set(["node:buffer", "node:crypto", "node:util", "node:zlib"]);

/** What @dtuf/registry offers to those who change a store. */
const writing: ReadonlySet<string> = new Set([
  "WriteStore",
  "PutOptions",
  "Deleter",
  "BlobMounter",
  "TagSwapper",
  "openRepository",
]);

const clockChanceNetwork =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\(/;

const usesProcess = /\bprocess\.[a-z]|[=(,:]\s*process\s*[;,)]/;

/** Which runtime this is, and no more: versions of Node hide SQLite or warn of it, and nothing else tells them apart. */
const readingVersions: ReadonlySet<string> = new Set(["packages/registry/src/files/lock/sqlite.ts: node:process"]);

const packages = readPackages();

function packageOf(specifier: string): string {
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}

function isOurs(specifier: string): boolean {
  return specifier.startsWith("@dtuf/") || packageOf(specifier) === "dtuf";
}

function isForeign({ specifier }: Import): boolean {
  return !specifier.startsWith(".") && !specifier.startsWith("node:") && !isOurs(specifier);
}

type Offence = (found: Import, file: SourceFile) => boolean;

/** `file: specifier` of every import that the rule forbids. */
function offences({ files }: Package, isOffence: Offence): readonly string[] {
  return files.flatMap((file) =>
    file.imports.filter((found) => isOffence(found, file)).map(({ specifier }) => `${file.path}: ${specifier}`),
  );
}

function findPackage(folder: string): Package {
  const found = packages.find((each) => each.folder === folder);
  if (found === undefined) throw new Error(`no package ${folder}`);
  return found;
}

test("the table names every package", () => {
  expect(packages.map(({ folder }) => folder).toSorted()).toEqual(Object.keys(table).toSorted());
});

describe.each(packages)("$folder", (each) => {
  const { folder, manifest, files } = each;
  const allowed = new Set(table[folder]);
  // The program's bundle contains what it imports, so nothing of that is installed beside it.
  const bundled = folder === "cli" ? manifest.devDependencies : undefined;
  const dependencies = bundled ?? manifest.dependencies ?? {};

  test("imports of ours only what the table allows, and @dtuf/testing only in tests", () => {
    const refused = offences(
      each,
      ({ specifier }, { kind }) =>
        isOurs(specifier) &&
        !allowed.has(packageOf(specifier)) &&
        !(kind === "test" && packageOf(specifier) === "@dtuf/testing"),
    );
    expect(refused).toEqual([]);
  });

  test("depends on no more of ours than that", () => {
    const ours = Object.keys({ ...dependencies, ...manifest.devDependencies }).filter(isOurs);
    const mayTest = folder === "testing" ? [] : ["@dtuf/testing"];
    expect(ours.filter((name) => !allowed.has(name))).toEqual(mayTest);
    expect(Object.keys(manifest.dependencies ?? {})).not.toContain("@dtuf/testing");
  });

  test("imports of others only what it declares", () => {
    const declared = new Set(Object.keys({ ...dependencies, ...manifest.optionalDependencies }));
    const inTests = new Set(["vitest", ...declared, ...Object.keys(manifest.devDependencies ?? {})]);
    const refused = offences(
      each,
      (found, { kind }) => isForeign(found) && !(kind === "test" ? inTests : declared).has(packageOf(found.specifier)),
    );
    expect(refused).toEqual([]);
  });

  test("has no import that is one file's way round to itself", () => {
    expect(findCycle(files)).toEqual([]);
  });
});

describe.each(packages.filter(({ folder }) => folder !== "cli" && folder !== "testing"))(
  "$folder is a library",
  (each) => {
    test("does not touch process", () => {
      const touching = each.files.filter(({ kind, code }) => kind === "source" && usesProcess.test(code));
      expect(touching.map(({ path }) => path)).toEqual([]);
      const importing = offences(each, ({ specifier }) => specifier === "node:process");
      expect(importing.filter((offence) => !readingVersions.has(offence))).toEqual([]);
    });
  },
);

describe.each(["tuf", "format", "delta"])("%s does no I/O", (folder) => {
  const each = findPackage(folder);

  test("imports no built-in module that could", () => {
    const refused = offences(
      each,
      ({ specifier }, { kind }) => kind === "source" && specifier.startsWith("node:") && !pureModules.has(specifier),
    );
    expect(refused).toEqual([]);
  });

  test("asks for neither the time nor chance nor the network", () => {
    const asking = each.files.filter(({ kind, code }) => kind === "source" && clockChanceNetwork.test(code));
    expect(asking.map(({ path }) => path)).toEqual([]);
  });
});

test("tuf knows nothing of undici", () => {
  expect(offences(findPackage("tuf"), ({ specifier }) => packageOf(specifier) === "undici")).toEqual([]);
});

test("copy imports nothing that writes to a store", () => {
  const stores = /^@dtuf\/registry\/(?:layout|remote)$/;
  const refused = offences(
    findPackage("copy"),
    ({ specifier, names }, { kind }) =>
      kind === "source" &&
      (stores.test(specifier) ||
        (packageOf(specifier) === "@dtuf/registry" && names.some((name) => writing.has(name)))),
  );
  expect(refused).toEqual([]);
});

/** The paths of one cycle, or none. */
function findCycle(files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (file: SourceFile, trail: readonly string[]): readonly string[] => {
    if (trail.includes(file.path)) return [...trail.slice(trail.indexOf(file.path)), file.path];
    if (done.has(file.path)) return [];
    for (const { specifier } of file.imports.filter((found) => found.specifier.startsWith("."))) {
      const next = byPath.get(new URL(specifier, `file:///${file.path}`).pathname.slice(1));
      const cycle = next === undefined ? [] : visit(next, [...trail, file.path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file.path);
    return [];
  };
  for (const file of files) {
    const cycle = visit(file, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

/** Functions of node:fs that wait for a pipe's writer and read a device without end. */
const opening: ReadonlySet<string> = new Set(["readFile", "readFileSync", "createReadStream", "open", "openSync"]);

test("files are opened for reading by the bounded readers, and by few others", () => {
  const opens: Offence = ({ specifier, names }, { path, kind }) =>
    kind === "source" &&
    !path.startsWith("packages/registry/src/files/") &&
    /^node:fs(?:\/promises)?$/.test(specifier) &&
    names.some((name) => opening.has(name));
  const found = packages.filter(({ folder }) => folder !== "testing").flatMap((each) => offences(each, opens));
  expect(found).toEqual([
    "packages/cli/src/context/log.ts: node:fs",
    "packages/copy/src/targets/partial-file.ts: node:fs/promises",
    "packages/master/src/parts/patch-file.ts: node:fs/promises",
    "packages/mirror/src/tuf/target-contents.ts: node:fs",
    "packages/signers/src/keys/file-signer.ts: node:fs/promises",
  ]);
});
