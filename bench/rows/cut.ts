/** 256 MiB over a link that is cut ten times. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { compare, medianOf, type Contender, type Result } from "../compare.ts";
import { dxfProgram, dxfPull, pullers } from "../contenders.ts";
import type { BenchFile } from "../content.ts";
import { startCuttingProxy } from "../cutting-proxy.ts";
import { publishFile } from "../repository.ts";
import type { Stage } from "../stage.ts";
import { formatBytes, formatMs, lineOf } from "../table.ts";
import type { Row } from "./row.ts";

const cuts = 10;
const patienceMs = 300_000;

export const cutPull: Row = {
  id: "cut",
  async run(stage) {
    const directory = await stage.fresh("cut");
    const { repository, file } = await publishFile(stage, directory, stage.scaled(256 << 20));
    const pull = { repository, file, directory };
    await using proxy = await startCuttingProxy(stage.registry.host);
    const contenders = await contendersOn(stage, proxy.host, pull);
    const armed = contenders.map((contender) => ({
      ...contender,
      prepare: async () => {
        const command = await contender.prepare();
        proxy.arm(cuts, Math.floor(file.size / (cuts + 1)));
        return { ...command, timeoutMs: patienceMs };
      },
    }));
    const whole = contenders.map((contender) => ({
      ...contender,
      prepare: async () => {
        proxy.arm(0, Infinity);
        return contender.prepare();
      },
    }));
    const cut = await compare(armed, stage.rounds);
    const uncut = await compare(whole, stage.rounds);
    await rm(directory, { recursive: true });
    const size = formatBytes(file.size);
    return [
      lineOf(
        `pull of ${size} over a link that is cut ${cuts} times`,
        cut.map((result) => withUncut(result, uncut)),
      ),
      lineOf("the same through the same proxy, uncut", uncut),
    ];
  },
};

function withUncut(result: Result, uncut: readonly Result[]): Result {
  if (result.failure === undefined) return result;
  const whole = uncut.find(({ name }) => name === result.name);
  return { ...result, failure: `${result.failure}; uncut ${formatMs(medianOf(whole, "ms"))}` };
}

export interface Pull {
  readonly repository: string;
  readonly file: BenchFile;
  readonly directory: string;
}

export async function contendersOn(stage: Stage, host: string, pull: Pull): Promise<readonly Contender[]> {
  const { repository, file, directory } = pull;
  const { environment: env } = stage;
  const out = join(directory, "out");
  const into = (name: string, argv: readonly string[]): Contender => ({
    name,
    prepare: async () => {
      await rm(out, { force: true });
      return { argv, env };
    },
    check: async () => {
      const { stdout } = await stage.must({ argv: ["sha256sum", out], env });
      if (!stdout.includes(file.digest.slice(7))) throw new Error("brings other bytes");
    },
  });
  const url = `http://${host}/v2/${repository}/blobs/${file.digest}`;
  const retrying = ["-sf", "--retry", "20", "--retry-delay", "1", "--retry-all-errors"];
  const own = stage.dtuf(["pull-target", repository, "large", "--output", out], { DTUF_HOST: host });
  const curl = stage.peers.find("curl");
  const dxf = await dxfProgram(stage, dxfPull);
  const found: (Contender | undefined)[] = [
    { ...into("dtuf", []), prepare: async () => (await rm(out, { force: true }), own) },
    curl && into("curl --retry 20 --retry-all-errors", [curl.path, ...retrying, "-o", out, url]),
    curl && into("curl -C - --retry 20 --retry-all-errors", [curl.path, ...retrying, "-C", "-", "-o", out, url]),
    dxf && {
      name: "dxf",
      prepare: async () => ({ argv: [...dxf, host, repository, await stage.fresh("dxf"), file.digest], env }),
    },
  ];
  return [...found.filter((each) => each !== undefined), ...pullers(stage, { repository, host, bytes: file.size })];
}
