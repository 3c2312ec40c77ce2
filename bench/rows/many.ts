/** A hundred blobs of 64 KiB: pushed, pulled, and how many round trips that takes. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { compare, type Contender } from "../compare.ts";
import { dxfProgram, dxfPull, dxfPush, pullers, pushers, type Upload } from "../contenders.ts";
import { changeFile, createFiles, createLayout, type BenchFile } from "../content.ts";
import { startCountingProxy, type Counts } from "../counting-proxy.ts";
import { publisher } from "../repository.ts";
import type { Stage } from "../stage.ts";
import { lineOf, type Line } from "../table.ts";
import type { Row } from "./row.ts";

const blobBytes = 64 * 1024;

export const pushMany: Row = {
  id: "push-many",
  async run(stage) {
    const directory = await stage.fresh("push-many");
    const count = Math.max(10, stage.scaled(100));
    let files = await createFiles(directory, count, blobBytes);
    const begin = async (): Promise<Upload> => {
      await stage.registry.forget();
      files = await Promise.all(files.map(({ path }) => changeFile(path)));
      const layout = join(directory, "layout");
      await createLayout(layout, files);
      return { repository: stage.repository(), files, layout };
    };
    const dxf = await dxfProgram(stage, dxfPush);
    const contendersOn = (host: string): readonly Contender[] => {
      const beginOn = async (): Promise<Upload> => ({ ...(await begin()), host });
      return [
        ...ownPushers(stage, beginOn),
        ...(dxf === undefined ? [] : [dxfPusher(stage, dxf, beginOn)]),
        ...pushers(stage, beginOn),
      ];
    };
    const results = await compare(contendersOn(stage.registry.host), stage.rounds);
    await using proxy = await startCountingProxy(stage.registry.host);
    const counted = await countEach(contendersOn(proxy.host), () => proxy.take());
    await rm(directory, { recursive: true });
    const [library, command, ...others] = results;
    if (library === undefined || command === undefined) throw new TypeError("no results");
    return [
      lineOf(`push of ${count} blobs of 64 KiB, as one program with @dtuf/registry`, [library, ...others]),
      lineOf(`push of ${count} × 64 KiB as one target, \`push-target NAME FILE…\``, [command, ...others]),
      roundTrips(`round trips per blob, of those ${count} pushed`, counted, count),
    ];
  },
};

function ownPushers(stage: Stage, begin: () => Promise<Upload>): readonly Contender[] {
  const { host: direct } = stage.registry;
  return [
    {
      name: "dtuf (library)",
      prepare: async () => {
        const { repository, files, host = direct } = await begin();
        return stage.program("push-blobs.ts", [host, repository, ...files.map(({ path }) => path)]);
      },
    },
    {
      name: "dtuf (push-target)",
      prepare: async () => {
        const { repository, files, host = direct } = await begin();
        const environment = { DTUF_HOST: host };
        for (const verb of ["create-root-key", "create-metadata-keys", "create-metadata"]) {
          await stage.must(stage.dtuf([verb, repository], environment));
        }
        return stage.dtuf(["push-target", repository, "many", ...files.map(({ path }) => path)], environment);
      },
    },
  ];
}

function dxfPusher(stage: Stage, dxf: readonly string[], begin: () => Promise<Upload>): Contender {
  return {
    name: "dxf",
    prepare: async () => {
      const { repository, files, host = stage.registry.host } = await begin();
      return { argv: [...dxf, host, repository, ...files.map(({ path }) => path)], env: stage.environment };
    },
  };
}

export const pullMany: Row = {
  id: "pull-many",
  async run(stage) {
    const directory = await stage.fresh("pull-many");
    const count = Math.max(10, stage.scaled(100));
    const files = await createFiles(directory, count, blobBytes);
    const layout = join(directory, "layout");
    await createLayout(layout, files);
    const repository = stage.repository();
    const pusher = pushers(stage, async () => ({ repository, files, layout }))[0];
    if (pusher !== undefined) await stage.must(await pusher.prepare());
    const names = files.map((_, index) => `target-${index}`);
    const targets = files.map(({ path }, index) => [names[index] ?? "", path]);
    await publisher(stage, repository, [["many", ...files.map(({ path }) => path)], ...targets]);
    const many = { repository, files, names, directory };
    const results = await compare(await contendersOn(stage, stage.registry.host, many), stage.rounds);
    await using proxy = await startCountingProxy(stage.registry.host);
    const counted = await countEach(await contendersOn(stage, proxy.host, many), () => proxy.take());
    const [library, one, each, ...others] = results;
    if (library === undefined || one === undefined || each === undefined) throw new TypeError("no results");
    return [
      lineOf(`pull of ${count} blobs of 64 KiB, as one program with @dtuf/registry`, [library, ...others]),
      lineOf(`pull of one target of ${count} blobs of 64 KiB, \`pull-target\``, [one, ...others]),
      lineOf(`pull of ${count} targets of 64 KiB into a directory, \`pull-target NAME…\``, [each, ...others]),
      roundTrips(`round trips per blob, of those ${count} pulled`, counted, count),
    ];
  },
};

interface Many {
  readonly repository: string;
  readonly files: readonly BenchFile[];
  readonly names: readonly string[];
  readonly directory: string;
}

async function contendersOn(stage: Stage, host: string, many: Many): Promise<readonly Contender[]> {
  const { repository, files, names } = many;
  const { environment: env } = stage;
  const out = join(many.directory, "out");
  const digests = files.map(({ digest }) => digest);
  const into = (contender: Contender): Contender => ({
    ...contender,
    prepare: async () => {
      await rm(out, { recursive: true, force: true });
      await mkdir(out);
      return contender.prepare();
    },
  });
  const environment = { DTUF_HOST: host };
  const urls = digests.flatMap((digest) => [
    `http://${host}/v2/${repository}/blobs/${digest}`,
    "-o",
    `${out}/${digest}`,
  ]);
  const dxf = await dxfProgram(stage, dxfPull);
  const curl = stage.peers.find("curl");
  const all: (Contender | undefined)[] = [
    {
      name: "dtuf (library)",
      prepare: async () => stage.program("pull-blobs.ts", [host, repository, out, String(blobBytes), ...digests]),
    },
    {
      name: "dtuf (one target)",
      prepare: async () => stage.dtuf(["pull-target", repository, "many", "--output", join(out, "many")], environment),
    },
    {
      name: "dtuf (a target each)",
      prepare: async () => stage.dtuf(["pull-target", repository, ...names, "--output", out], environment),
    },
    curl && {
      name: "curl --parallel (verifies nothing)",
      prepare: async () => ({ argv: [curl.path, "-sf", "--parallel", "--parallel-max", "6", ...urls], env }),
    },
    dxf && {
      name: "dxf (verifies nothing)",
      prepare: async () => ({ argv: [...dxf, host, repository, out, ...digests], env }),
    },
  ];
  const others = pullers(stage, { repository, host, bytes: files.length * blobBytes });
  return [...all.filter((each) => each !== undefined).map(into), ...others];
}

interface Counted {
  readonly name: string;
  readonly counts: Counts;
}

export async function countEach(contenders: readonly Contender[], take: () => Counts): Promise<readonly Counted[]> {
  const counted: Counted[] = [];
  for (const contender of contenders) {
    const prepared: Contender = {
      ...contender,
      prepare: async () => {
        const command = await contender.prepare();
        take();
        return command;
      },
    };
    const [result] = await compare([prepared], 1);
    if (result?.failure === undefined) counted.push({ name: contender.name, counts: take() });
  }
  return counted;
}

export function roundTrips(what: string, counted: readonly Counted[], blobs: number): Line {
  const texts = counted.map(({ name, counts }) => `${name} ${(counts.requests / blobs).toFixed(2)}`);
  const own = texts.filter((text) => text.startsWith("dtuf"));
  return { what, dtuf: own.join("; "), peers: texts.slice(own.length).join("; ") };
}
