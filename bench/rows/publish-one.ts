/** One more target is published, in repositories of several sizes: in one role, and in hash bins. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "../child.ts";
import { compare } from "../compare.ts";
import { startCountingProxy } from "../counting-proxy.ts";
import type { Stage } from "../stage.ts";
import { lineOf, type Line } from "../table.ts";
import { describeCounts } from "./refresh.ts";
import type { Row } from "./row.ts";

interface Size {
  readonly targets: number;
  readonly bins?: number;
}

const sizes: readonly Size[] = [
  { targets: 10 },
  { targets: 10_000 },
  { targets: 100_000 },
  { targets: 2_000_000, bins: 16_384 },
];

export const publishOne: Row = {
  id: "publish-one",
  async run(stage) {
    const lines: Line[] = [];
    for (const size of sizes) lines.push(...(await publishInto(stage, size)));
    return lines;
  },
};

async function publishInto(stage: Stage, { targets: full, bins: most }: Size): Promise<readonly Line[]> {
  const count = stage.scaled(full);
  const bins = most === undefined ? undefined : 2 ** Math.max(1, Math.round(Math.log2(stage.scaled(most))));
  const directory = await stage.fresh("publish-one");
  const repository = stage.repository();
  await using proxy = await startCountingProxy(stage.registry.host);
  const environment = { DTUF_HOST: proxy.host, DTUF_REPOSITORIES_ROOT: directory };
  const dtuf = (...words: readonly string[]): ReturnType<Stage["dtuf"]> => stage.dtuf(words, environment);
  for (const verb of ["create-root-key", "create-metadata-keys", "create-metadata"]) {
    await stage.must(dtuf(verb, repository));
  }
  await stageEmpty(join(directory, repository, "master"), count);
  if (bins !== undefined) await stage.must(dtuf("create-bins", repository, "--count", String(bins)));
  // All targets at once are in memory once, here; what is measured is one more.
  const roomy = { ...environment, NODE_OPTIONS: "--max-old-space-size=12288" };
  await stage.must(stage.dtuf(["push-metadata", repository], roomy));
  const where = `${count.toLocaleString("en")} in ${bins === undefined ? "one role" : `${bins.toLocaleString("en")} bins`}`;
  const file = join(directory, "file");
  let round = 0;
  const measure = async (what: string, command: (name: string) => Promise<Command>): Promise<readonly Line[]> => {
    const prepare = async (): Promise<Command> => {
      await writeFile(file, `one more: ${(round += 1)}`);
      const prepared = await command(`new-${round}`);
      proxy.take();
      return prepared;
    };
    const results = await compare([{ name: "dtuf", prepare }], stage.rounds);
    return [
      lineOf(`${what} into ${where}, process start included`, results, { show: ["time", "cpu", "memory"] }),
      { what: "… its requests", dtuf: describeCounts(proxy.take()), peers: "" },
    ];
  };
  const lines = [
    ...(await measure("publish one more file", async (name) => dtuf("publish", repository, file, "--name", name))),
    ...(await measure("push-metadata of one more target", async (name) => {
      await stage.must(dtuf("push-target", repository, name, file));
      return dtuf("push-metadata", repository);
    })),
  ];
  await rm(directory, { recursive: true });
  return lines;
}

/** Stages targets of length 0, which have no blobs, in as many steps as fit into one file each. */
async function stageEmpty(state: string, count: number): Promise<void> {
  const record = join(state, "record.json");
  const fields = JSON.parse(await readFile(record, "utf8")) as { readonly staging: number };
  const sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  let { staging } = fields;
  for (let from = 0; from < count; from += perStep) {
    if (from > 0) staging += 1;
    const targets = Array.from({ length: Math.min(perStep, count - from) }, (_, index) => ({
      path: `packages/name-${from + index}.tar.gz`,
      length: 0,
      hashes: { sha256 },
      unrecognized: {},
    }));
    const layer = join(state, "staged", String(staging));
    await mkdir(layer, { recursive: true, mode: 0o700 });
    await writeFile(join(layer, "together.json"), JSON.stringify(targets), { mode: 0o600 });
  }
  await writeFile(record, JSON.stringify({ ...fields, staging }), { mode: 0o600 });
}

const perStep = 250_000;
