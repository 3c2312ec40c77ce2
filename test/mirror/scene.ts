/** What sync copies between, new for each test behind the same names. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { afterAll, beforeEach } from "vitest";
import type { Machine, Ran } from "../cli/machine.ts";
import { useMachine } from "../cli/use-machine.ts";
import { registryOf } from "../setup/registries.ts";

interface Scene {
  readonly machine: Machine;
  /** `dtuf sync` with registries that have no TLS. */
  readonly sync: (...words: readonly string[]) => Promise<Ran>;
  /** The same, and it must end with 0. */
  readonly must: (...words: readonly string[]) => Promise<Ran>;
  /** What is in a directory, in order. */
  readonly files: (...path: readonly string[]) => Promise<readonly string[]>;
}

/** What `--json` and `--report` tell. */
export interface Report {
  readonly images: readonly {
    readonly status: string;
    readonly digest?: string;
    readonly error?: { readonly code: string };
  }[];
  readonly transferred: Readonly<Record<string, number>>;
}

const insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];

function useSync(): Scene {
  const machine = useMachine();
  return {
    machine,
    sync: (...words) => machine.run(["sync", ...insecure, ...words]),
    must: (...words) => machine.must(["sync", ...insecure, ...words]),
    files: async (...path) => (await readdir(join(machine.directory, ...path))).toSorted(),
  };
}

/** Two hostile registries. */
export function useTwoRegistries(): Scene & Readonly<Record<"source" | "target", RemoteRepository>> {
  const ends = { source: {} as RemoteRepository, target: {} as RemoteRepository };
  const both = Object.values(ends);
  beforeEach(async () => {
    for (const end of both) Object.assign(end, await createRemoteRepository());
    return () => Promise.all(both.map((end) => end[Symbol.asyncDispose]()));
  });
  return { ...useSync(), ...ends };
}

/** The plain registry. */
export function useRealRegistry(): Scene & { readonly host: string; readonly client: RegistryClient } {
  const { host } = registryOf("plain");
  const time = { now: () => new Date(), random: Math.random };
  const client = createRegistryClient({ registry: host, scheme: "http", transport: time, ...time });
  afterAll(() => client.close());
  return { ...useSync(), host, client };
}
