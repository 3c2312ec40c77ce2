/** A machine with the command line on it: a directory of its own, its environment, commands run in this process. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";
import { documents, openForms, type Forms } from "../docs/documents.ts";
import type { RegistryAccess } from "../setup/registries.ts";

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
}

export interface Machine {
  readonly directory: string;
  environment: Record<string, string>;
  now: () => Date;
  /** `dtuf` with these words; the first of them may be `dxf`. */
  run(words: readonly string[], stdin?: string | Uint8Array): Promise<Ran>;
  /** The same, and it must end with 0. */
  must(words: readonly string[], stdin?: string | Uint8Array): Promise<Ran>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createMachine(environment: Environment = {}, parent = tmpdir()): Promise<Machine> {
  return createMachineIn(await mkdtemp(join(parent, "dtuf-test-")), environment);
}

export type Environment = Readonly<Record<string, string>>;

/** As a machine has them until a test changes them. */
export function settingsOf(environment: Environment): Pick<Machine, "environment" | "now"> {
  return { environment: { ...compileCache, ...keyPasswords, ...environment }, now: () => new Date() };
}

export function createMachineIn(directory: string, environment: Environment): Machine {
  const machine: Machine = {
    directory,
    ...settingsOf(environment),
    async run(words, stdin) {
      const program = words[0] === "dxf" ? "dxf" : "dtuf";
      const argv = words[0] === "dxf" ? words.slice(1) : words;
      const world = createTestIo({
        argv,
        cwd: directory,
        env: machine.environment,
        now: () => machine.now(),
        ...(stdin === undefined ? {} : { stdin }),
      });
      const status = await main(program, world.io);
      if (words.includes("--json")) verifyForm(argv[0] ?? "", world.stdout());
      return { status, stdout: world.stdout(), bytes: world.stdoutBytes(), stderr: world.stderr() };
    },
    async must(words, stdin) {
      const ran = await machine.run(words, stdin);
      if (ran.status !== 0) throw new Error(`dtuf ${words.join(" ")}: exit status ${ran.status}\n${ran.stderr}`);
      return ran;
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
  return machine;
}

let forms: Forms | undefined;

/** Each JSON document of each test has the form that docs/schema gives to its command's. */
function verifyForm(command: string, text: string): void {
  if (!documents.includes(command) || text === "") return;
  forms ??= openForms("known");
  const faults = forms.verify(command, text);
  if (faults.length > 0)
    throw new Error(`docs/schema/${command}.json does not describe what was printed:\n${faults.join("\n")}`);
}

/** For the programs that a test starts with this environment. */
export const compileCache: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
};

/** Keys without passphrases: the unlocking of keys has its own tests, and costs a second each. */
const keyPasswords = Object.fromEntries(
  ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]),
);

/** What a machine needs to reach a registry of the tests. */
export function registryEnvironment(access: RegistryAccess, prefix = "DTUF"): Readonly<Record<string, string>> {
  return {
    [`${prefix}_HOST`]: access.host,
    ...(access.origin.startsWith("http:") ? { [`${prefix}_INSECURE`]: "1" } : {}),
    ...(access.username === undefined ? {} : { [`${prefix}_USERNAME`]: access.username }),
    ...(access.password === undefined ? {} : { [`${prefix}_PASSWORD`]: access.password }),
    ...(access.caFile === undefined ? {} : { [`${prefix}_CA_FILE`]: access.caFile }),
  };
}

/** Keys, metadata and one published target `demo.txt`. */
export async function publishDemo(machine: Machine, repo: string, content: string): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  await writeFile(join(machine.directory, "demo.txt"), content);
  await machine.must(["create-root-key", repo]);
  await machine.must(["create-metadata-keys", repo]);
  await machine.must(["create-metadata", repo]);
  await machine.must(["push-target", repo, "demo.txt", "demo.txt"]);
  await machine.must(["push-metadata", repo]);
}
