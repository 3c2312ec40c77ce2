/** A project on a CI, as far as the recipes of docs/ci need one: a git remote, a fresh checkout for each job, a registry. */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { fetchDebianRegistry, startRegistry } from "@dtuf/testing/machines/debian-registry";
import { compileCache, createMachine, publishDemo, type Machine } from "../cli/machine.ts";
import { cacheDirectory } from "../setup/registries.ts";
import { root } from "../structure/sources.ts";

export type Variables = Readonly<Record<string, string>>;

export interface Ended {
  readonly status: number;
  readonly output: string;
}

export interface Scene {
  readonly host: string;
  readonly remote: string;
  /** The machine of those who founded the repository. */
  readonly founder: Machine;
  /** The CI's secrets: the content of key files. */
  readonly secrets: Variables;
  /** A new checkout, with these files in it. */
  readonly checkOut: (files: Variables) => Promise<string>;
  /** Lines of shell, as the CI runs them. */
  readonly shell: (script: string, where: { readonly cwd: string; readonly env: Variables }) => Promise<Ended>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const repo = "fred/demo/files";

/** @param founded when the repository was made */
export async function createScene(founded: Date): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), "dtuf-ci-"));
  const binary = await fetchDebianRegistry({ cacheDirectory: join(cacheDirectory(), "debian") });
  const registry = await startRegistry({ binary, dataDirectory: join(directory, "data") });
  const founder = await createMachine({ DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
  founder.now = () => founded;
  await publishDemo(founder, repo, "demo");
  founder.now = () => new Date();
  await founder.must(["get-root", repo, "--output", "root.json"]);
  const remote = join(directory, "remote.git");
  const git = (cwd: string, ...words: readonly string[]): Promise<unknown> =>
    promisify(execFile)("git", ["-c", "user.name=fred", "-c", "user.email=fred@localhost", ...words], { cwd });
  await git(directory, "init", "--quiet", "--bare", remote);
  const programs = await makePrograms(join(directory, "bin"));
  let jobs = 0;
  return {
    host: registry.host,
    remote,
    founder,
    secrets: await readSecrets(founder),
    async checkOut(files) {
      const cwd = join(directory, `job-${++jobs}`);
      await git(directory, "clone", "--quiet", remote, cwd);
      for (const [name, text] of Object.entries({ ...files, "app.txt": "app" })) {
        await mkdir(join(cwd, name, ".."), { recursive: true });
        await writeFile(join(cwd, name), text);
      }
      await git(cwd, "add", ".");
      await git(cwd, "commit", "--quiet", "--allow-empty", "--message", "files");
      return cwd;
    },
    shell: (script, { cwd, env }) =>
      run(script, {
        cwd,
        env: { PATH: `${programs}${delimiter}${process.env["PATH"] ?? ""}`, HOME: directory, ...compileCache, ...env },
      }),
    async [Symbol.asyncDispose]() {
      await founder[Symbol.asyncDispose]();
      await registry.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** `dtuf` is this checkout's; `npm` would have installed it. */
async function makePrograms(folder: string): Promise<string> {
  const program = join(root, "packages/cli/src/bin/dtuf.ts");
  const scripts = {
    dtuf: `exec "${process.execPath}" --conditions=@dtuf/source "${program}" "$@"`,
    npm: `[ "$*" = "install --global dtuf@1" ]`,
  };
  await mkdir(folder);
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}

async function readSecrets({ directory }: Machine): Promise<Variables> {
  const keys = join(directory, "dtuf_repos", repo, "master", "keys");
  const read = (role: string): Promise<string> => readFile(join(keys, `${role}_key`), "utf8");
  return {
    TARGETS_KEY: await read("targets"),
    SNAPSHOT_KEY: await read("snapshot"),
    TIMESTAMP_KEY: await read("timestamp"),
  };
}

function run(script: string, options: { readonly cwd: string; readonly env: Variables }): Promise<Ended> {
  return new Promise((resolve) => {
    execFile("bash", ["-e", "-c", script], options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), output: `${stdout}${stderr}` });
    });
  });
}
