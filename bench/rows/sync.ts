/** A repository of 50 tags that share layers, copied as `skopeo sync` does: to another registry and to a directory. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { digestOf, encodeImageManifest, mediaTypes, parseTag, type Descriptor } from "@dtuf/registry";
import { createRegistryClient } from "@dtuf/registry/remote";
import type { Command } from "../child.ts";
import { compare, type Contender } from "../compare.ts";
import { startCountingProxy, type Counts } from "../counting-proxy.ts";
import type { BenchRegistry, Stage } from "../stage.ts";
import { formatBytes, lineOf, type Line } from "../table.ts";
import type { Row } from "./row.ts";

const shared = [8 << 20, 4 << 20, 2 << 20, 1 << 20];
const ownLayerBytes = 256 << 10;

/** Pushes the images; each has the shared layers and one of its own. */
async function publishImages(host: string, repository: string, tags: number): Promise<void> {
  const now = (): Date => new Date();
  const random = Math.random;
  const client = createRegistryClient({ registry: host, scheme: "http", now, random, transport: { now, random } });
  const store = client.repository(repository);
  const put = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.put(descriptor, bytes);
    return descriptor;
  };
  const layerType = "application/vnd.oci.image.layer.v1.tar";
  const base = await Promise.all(shared.map((size) => put(layerType, randomBytes(size))));
  for (let index = 0; index < tags; index += 1) {
    const layers = [...base, await put(layerType, randomBytes(ownLayerBytes))];
    const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs }));
    const manifest = encodeImageManifest({ config: await put(mediaTypes.imageConfig, config), layers });
    await store.put(manifest.descriptor, manifest.bytes, { tags: [parseTag(`v${index}`)] });
  }
  await client.close();
}

export const sync: Row = {
  id: "sync",
  async run(stage) {
    const { stdout } = await stage.must(stage.dtuf(["--help"]));
    if (!/^\s+sync\b/m.test(stdout)) return [];
    const repository = stage.repository();
    const tags = Math.max(3, stage.scaled(50));
    await publishImages(stage.registry.host, repository, tags);
    const destination = await stage.openRegistry();
    const context = { stage, repository, destination };
    return [...(await intoDirectory(context, tags)), ...(await intoRegistry(context, tags))];
  },
};

interface SyncContext {
  readonly stage: Stage;
  readonly repository: string;
  readonly destination: BenchRegistry;
}

interface Endpoints {
  readonly from: string;
  readonly to: readonly string[];
}

/** skopeo's words are dtuf's too. `--preserve-digests`: skopeo compresses otherwise. */
function programs({ stage }: SyncContext): readonly (readonly [string, (endpoints: Endpoints) => Command])[] {
  const skopeo = stage.peers.find("skopeo");
  const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  return [
    [
      "dtuf",
      ({ from, to }) => stage.dtuf(["sync", ...plain, "--src", "docker", ...to.slice(0, 2), from, ...to.slice(2)]),
    ],
    ...(skopeo === undefined
      ? []
      : [
          [
            "skopeo sync",
            ({ from, to }: Endpoints): Command => ({
              argv: [
                ...[skopeo.path, "--insecure-policy", "sync", "--preserve-digests", ...plain],
                ...["--src", "docker", ...to.slice(0, 2), from, ...to.slice(2)],
              ],
              env: stage.environment,
            }),
          ] as const,
        ]),
  ];
}

/** Programs that copy the tags of a repository to another registry alone. */
function registryPrograms({ stage }: SyncContext): readonly (readonly [string, CopyRepository])[] {
  const regsync = stage.peers.find("regsync");
  const crane = stage.peers.find("crane");
  const env = stage.environment;
  const all: (readonly [string, CopyRepository] | undefined)[] = [
    regsync && [
      "regsync",
      async (source, target) => {
        const path = join(stage.directory, "regsync.yml");
        const hosts = [source, target].map((name) => ({ registry: name.split("/")[0], tls: "disabled" }));
        const transfers = [{ source, target, type: "repository" }];
        // JSON is YAML. As many at a time as dtuf's --images.
        const configuration = { version: 1, creds: hosts, defaults: { parallel: 12 }, sync: transfers };
        await writeFile(path, JSON.stringify(configuration));
        return { argv: [regsync.path, "once", "-c", path], env };
      },
    ],
    crane && [
      "crane copy -a",
      (source, target) => Promise.resolve({ argv: [crane.path, "copy", "-a", "--insecure", source, target], env }),
    ],
  ];
  return all.filter((each) => each !== undefined);
}

type CopyRepository = (source: string, target: string) => Promise<Command>;

async function intoDirectory(context: SyncContext, tags: number): Promise<readonly Line[]> {
  const { stage, repository } = context;
  const contenders = (host: string, start: "cold" | "again"): readonly Contender[] =>
    programs(context).map(([name, command]) => {
      const directory = join(stage.directory, `synced-${name.replace(" ", "-")}`);
      return {
        name,
        prepare: async () => {
          if (start === "cold") await rm(directory, { recursive: true, force: true });
          return command({ from: `${host}/${repository}`, to: ["--dest", "dir", directory] });
        },
      };
    });
  return measure(stage, `sync of ${tags} tags into a directory`, contenders);
}

async function intoRegistry(context: SyncContext, tags: number): Promise<readonly Line[]> {
  const { stage, repository, destination } = context;
  const skopeoLike = programs(context).map(([name, command]): readonly [string, CopyRepository] => [
    name,
    (from, target) => Promise.resolve(command({ from, to: ["--dest", "docker", target] })),
  ]);
  const contenders = (host: string, start: "cold" | "again"): readonly Contender[] =>
    [...skopeoLike, ...registryPrograms(context)].map(([name, command], index) => ({
      name,
      prepare: async () => {
        if (start === "cold") await destination.forget();
        const prepared = await command(`${host}/${repository}`, `${destination.host}/from-${index}`);
        // What the other contender's cold round threw away is there again before "nothing to do" is timed.
        if (start === "again") await stage.must(prepared);
        return prepared;
      },
    }));
  return measure(stage, `sync of ${tags} tags into another registry`, contenders);
}

/** Requests and bytes are those at the source. */
async function measure(
  stage: Stage,
  what: string,
  contenders: (host: string, start: "cold" | "again") => readonly Contender[],
): Promise<readonly Line[]> {
  const { host } = stage.registry;
  const cold = await compare(contenders(host, "cold"), stage.rounds);
  const again = await compare(contenders(host, "again"), stage.rounds);
  await using proxy = await startCountingProxy(host);
  const counts = {
    cold: await count(contenders(proxy.host, "cold"), () => proxy.take()),
    again: await count(contenders(proxy.host, "again"), () => proxy.take()),
  };
  const show = ["time", "cpu", "memory"] as const;
  return [
    lineOf(`${what}, cold`, cold, { show }),
    countsLine(`${what}, cold: at the source`, counts.cold),
    lineOf(`${what}, nothing to do`, again, { show }),
    countsLine(`${what}, nothing to do: at the source`, counts.again),
  ];
}

async function count(
  contenders: readonly Contender[],
  take: () => Counts,
): Promise<readonly (readonly [string, Counts | undefined])[]> {
  const counted: (readonly [string, Counts | undefined])[] = [];
  for (const { name, prepare } of contenders) {
    const prepared = async (): Promise<Command> => {
      const command = await prepare();
      take();
      return command;
    };
    const [result] = await compare([{ name, prepare: prepared }], 1);
    counted.push([name, result?.failure === undefined ? take() : undefined]);
  }
  return counted;
}

function countsLine(what: string, counted: readonly (readonly [string, Counts | undefined])[]): Line {
  const texts = counted.map(([name, counts]) => {
    if (counts === undefined) return `${name}: fails`;
    return `${name === "dtuf" ? "" : `${name} `}${counts.requests} requests, ${formatBytes(counts.received)}`;
  });
  return { what, dtuf: texts[0] ?? "", peers: texts.slice(1).join("; ") };
}
