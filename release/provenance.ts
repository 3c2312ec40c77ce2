/**
 * What says where the files of `packed/` come from: `SHA256SUMS`, and an in-toto statement with SLSA's provenance
 * (https://slsa.dev/provenance/v1) of the commit, the lockfile and the tools. It is not signed: whoever publishes the
 * files signs it along with them, as `pnpm release:self` does.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { root } from "./bundle.ts";

const run = promisify(execFile);

export const sums = "SHA256SUMS";
export const provenance = "provenance.intoto.json";

export interface Sources {
  /** Undefined: this is no git checkout. */
  readonly commit: string | undefined;
  readonly state: "as committed" | "changed" | "unknown";
  /** `SOURCE_DATE_EPOCH`, or that of the commit, in seconds since 1970; 0 if it is unknown. */
  readonly time: number;
}

export async function findSources(): Promise<Sources> {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const git = async (...words: readonly string[]): Promise<string> => (await run("git", words, { cwd: root })).stdout;
  try {
    // Sources in a folder of another checkout are not of its commit.
    if ((await git("rev-parse", "--show-prefix")).trim() !== "") throw new Error(`${root} is not a checkout`);
    const [commit = "", time = ""] = (await git("log", "-1", "--format=%H %ct")).trim().split(" ");
    const changed = (await git("status", "--porcelain", "--untracked-files=no")) !== "";
    return { commit, state: changed ? "changed" : "as committed", time: Number(given ?? time) };
  } catch {
    return { commit: undefined, state: "unknown", time: Number(given ?? 0) };
  }
}

/** Written anew for all packages, lists of parts and executables that are in the directory now. */
export async function writeProvenance(directory: string): Promise<void> {
  const own: readonly string[] = [sums, provenance];
  const names = (await readdir(directory))
    .filter((name) => !own.includes(name) && !name.endsWith(".sha256"))
    .toSorted();
  const subject: { name: string; digest: { sha256: string } }[] = [];
  for (const name of names) subject.push({ name, digest: { sha256: await digestOf(join(directory, name)) } });
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject,
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: await describeBuild(),
  };
  await writeFile(join(directory, sums), subject.map(({ name, digest }) => `${digest.sha256}  ${name}\n`).join(""));
  await writeFile(join(directory, provenance), `${JSON.stringify(statement, undefined, 2)}\n`);
}

async function describeBuild(): Promise<object> {
  const { commit, state } = await findSources();
  const { engines, devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    readonly engines: { readonly node: string };
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  return {
    buildDefinition: {
      buildType: "urn:dtuf:pack:v1",
      externalParameters: {
        commands: ["pnpm install --frozen-lockfile", "pnpm pack:all", "pnpm build:exe"],
        sources: state,
      },
      internalParameters: {
        node: process.versions.node,
        wanted: engines.node,
        typescript: devDependencies["typescript"],
      },
      resolvedDependencies: [
        ...(commit === undefined ? [] : [{ name: "sources", digest: { gitCommit: commit } }]),
        { name: "pnpm-lock.yaml", digest: { sha256: await digestOf(join(root, "pnpm-lock.yaml")) } },
      ],
    },
    runDetails: { builder: { id: "urn:dtuf:checkout" } },
  };
}

/** SHA-256 in hex. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
