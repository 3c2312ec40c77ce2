/** Types what a page shows: lines of shell, each in the directory of the person who types it, with `dtuf` in this process. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Typist {
  readonly directory: string;
  /** What the lines say in capitals, or by an example's name, and what it is here. */
  readonly words: Map<string, string>;
  /** Of every person. `export NAME=VALUE` sets one. */
  readonly environment: Map<string, string>;
  /** The stdout of every line so far. */
  readonly printed: string[];
  now: () => Date;
  readonly type: (person: string, line: string) => Promise<Ended>;
  /** The same, and it must end with 0. Returns its stdout. */
  readonly must: (person: string, line: string) => Promise<string>;
}

/** @param environment of every person */
export function createTypist(directory: string, environment: Readonly<Record<string, string>>): Typist {
  const passwords = ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]);
  const all = { DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json", ...environment };
  const variables = new Map<string, string>(Object.entries({ ...Object.fromEntries(passwords), ...all }));
  const words = new Map<string, string>();
  const typist: Typist = {
    directory,
    words,
    environment: variables,
    printed: [],
    now: () => new Date(),
    async type(person, line) {
      const cwd = join(directory, person);
      await mkdir(cwd, { recursive: true });
      const filled = [...words].reduce((text, [word, value]) => text.replaceAll(word, value), line);
      const copied = /^cp (\S+) (\S+)$/.exec(filled);
      if (copied !== null) {
        await copyInto(join(cwd, copied[1] ?? ""), join(cwd, copied[2] ?? ""));
        return { status: 0, stdout: "", stderr: "" };
      }
      const [, name, value] = /^export ([A-Z_]+)=(\S*)$/.exec(filled) ?? [];
      if (name !== undefined && value !== undefined) {
        variables.set(name, value);
        return { status: 0, stdout: "", stderr: "" };
      }
      const typed = parseTyped(filled);
      const env = Object.fromEntries(variables);
      const ended = await (typed === undefined
        ? runShell(filled, { cwd, env })
        : runDtuf(typed, { cwd, env, now: typist.now }));
      typist.printed.push(ended.stdout);
      const hash = /^hash: ([0-9a-f]{64})$/m.exec(ended.stdout)?.[1];
      if (hash !== undefined) words.set("HASH", hash);
      return ended;
    },
    async must(person, line) {
      const ended = await typist.type(person, line);
      if (ended.status !== 0) throw new Error(`${person}$ ${line}: exit status ${ended.status}\n${ended.stderr}`);
      return ended.stdout;
    },
  };
  return typist;
}

/** As `cp` does. A directory that is not there yet is made, because a person's machine is one. */
async function copyInto(file: string, to: string): Promise<void> {
  const target = to.endsWith("/") ? join(to, basename(file)) : to;
  await mkdir(dirname(target), { recursive: true });
  await copyFile(file, target);
}

interface Typed {
  readonly program: "dtuf" | "dxf";
  readonly argv: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** The file that stdout goes to. */
  readonly output?: string;
}

/** A command of dtuf alone, whose words have no meaning for a shell but quotes and `>`. Undefined: it is for a shell. */
function parseTyped(line: string): Typed | undefined {
  const [, assigned = "", program, rest = "", output] =
    /^((?:[A-Z_]+=\S* )*)(dtuf|dxf)((?: (?:'[^']*'|[^\s'"$`|&;<>()]+))*)(?: > (\S+))?$/.exec(line) ?? [];
  if (program !== "dtuf" && program !== "dxf") return undefined;
  const argv = [...rest.matchAll(/'([^']*)'|([^\s']+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  const variables = Object.fromEntries(
    [...assigned.matchAll(/([A-Z_]+)=(\S*)/g)].map(([, name, value]) => [name, value]),
  );
  return { program, argv, variables, ...(output === undefined ? {} : { output }) };
}

interface Where {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

async function runDtuf(typed: Typed, { cwd, env, now }: Where & Pick<Typist, "now">): Promise<Ended> {
  const world = createTestIo({ argv: typed.argv, cwd, env: { ...env, ...typed.variables }, now });
  const status = await main(typed.program, world.io);
  if (typed.output !== undefined) await writeFile(resolve(cwd, typed.output), world.stdoutBytes());
  return { status, stdout: world.stdout(), stderr: world.stderr() };
}

function runShell(line: string, { cwd, env }: Where): Promise<Ended> {
  return new Promise((done) => {
    const all = { PATH: process.env["PATH"] ?? "", ...env };
    execFile("bash", ["--norc", "-e", "-c", line], { cwd, env: all }, (error, stdout, stderr) => {
      done({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

export interface Line {
  readonly person: string;
  readonly command: string;
  readonly exit: number;
}

/**
 * The commands of blocks of shell. `person$ ` says who types one; without, it is `me`. `# exit N` at its end is how it ends;
 * other comments are left out.
 */
export function linesOf(blocks: readonly string[]): readonly Line[] {
  return blocks
    .flatMap((block) => block.split("\n"))
    .map((line) => {
      const [, person = "me", typed = ""] = /^(?:([a-z]+)\$ )?(.*)$/.exec(line) ?? [];
      const [, exit = "0"] = / # exit ([0-9]+)$/.exec(typed) ?? [];
      return { person, command: typed.replace(/(?:^|\s+)#(?: .*)?$/, "").trimEnd(), exit: Number(exit) };
    })
    .filter(({ command }) => command !== "");
}
