/** What must be there before the lines of a page are typed, and what must be true afterwards. */
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Typist } from "../typist.ts";

export interface Scene {
  readonly page: string;
  /** Words of the page, and what they are here: a server, a path outside of the person's directory, a number. */
  readonly words?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where DTUF_HOST is. Default: a layout that all machines share. */
  readonly host?: "registry";
  readonly prepare: (typist: Typist) => Promise<void>;
  /** Before the first line that begins so. A name: who types from that line on. */
  readonly before?: Readonly<Record<string, (typist: Typist) => Promise<string | void>>>;
  readonly after: (typist: Typist) => Promise<void>;
}

export const publisher = "me";

/** A file of a person. */
export async function place(typist: Typist, file: string, content: string = file): Promise<void> {
  const path = join(typist.directory, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** fred/demo with demo.txt, published by this person, and its root.json. */
export async function found(typist: Typist, person: string = publisher): Promise<void> {
  await place(typist, `${person}/demo.txt`, "Hello World\n");
  await typist.must(person, "dtuf init fred/demo --output root.json");
  await typist.must(person, "dtuf publish fred/demo demo.txt");
}

/** Gives a machine the root, and the keys of these roles. */
export async function handOver(typist: Typist, machine: string, roles: readonly string[]): Promise<void> {
  await typist.must(publisher, `dtuf get-root fred/demo --output root.json`);
  await typist.must(publisher, `cp root.json ../${machine}/`);
  const keys = "dtuf_repos/fred/demo/master/keys";
  await mkdir(join(typist.directory, machine, keys), { recursive: true, mode: 0o700 });
  for (const role of roles) {
    for (const name of [`${role}_key`, `${role}_key.pub`]) {
      await cp(join(typist.directory, publisher, keys, name), join(typist.directory, machine, keys, name));
    }
  }
}

export async function forget(typist: Typist, machine: string): Promise<void> {
  await rm(join(typist.directory, machine), { recursive: true, force: true });
}
