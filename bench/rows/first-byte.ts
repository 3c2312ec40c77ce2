/** How soon the first verified bytes of 1 GiB are given out, while the rest is still to come. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "../child.ts";
import { median } from "../compare.ts";
import { publishFile } from "../repository.ts";
import type { Stage } from "../stage.ts";
import { formatBytes, formatMs } from "../table.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import type { Row } from "./row.ts";

interface Waited {
  /** From the start of the program, in milliseconds. */
  readonly fromStartMs: number;
  /** From the first byte that a server sent to it. */
  readonly fromAnswerMs: number;
}

export const firstByte: Row = {
  id: "first-byte",
  async run(stage) {
    const directory = await stage.fresh("first-byte");
    const { repository, file } = await publishFile(stage, directory, stage.scaled(1 << 30));
    let answered: number | undefined;
    await using proxy = await startTcpProxy(stage.registry.host, ({ client, up, cut }) => {
      for (const socket of [client, up]) socket.on("close", cut);
      up.once("data", () => (answered ??= performance.now()));
      client.pipe(up);
      up.pipe(client);
    });
    const measure = async (command: Command): Promise<Waited> => {
      answered = undefined;
      const begun = performance.now();
      const shown = await firstOutput(command);
      return { fromStartMs: shown - begun, fromAnswerMs: shown - (answered ?? begun) };
    };
    const url = `http://${proxy.host}/v2/${repository}/blobs/${file.digest}`;
    const whole = 'curl -sf "$1" -o "$2" && echo "$3  $2" | sha256sum -c --quiet && cat "$2"';
    const words = [url, join(directory, "out"), file.digest.slice("sha256:".length)];
    const own: Waited[] = [];
    const curl: Waited[] = [];
    for (let round = 0; round < stage.rounds; round += 1) {
      own.push(await measure(await streaming(stage, repository, proxy.host)));
      if (stage.peers.find("curl") === undefined) continue;
      curl.push(await measure({ argv: ["bash", "-euc", whole, "bash", ...words], env: stage.environment }));
    }
    const what = `first verified byte of a target of ${formatBytes(file.size)}, written to stdout`;
    const peers = curl.length === 0 ? "" : `curl -o FILE, sha256sum, cat FILE: ${describe(curl)}`;
    return [{ what, dtuf: describe(own), peers }];
  },
};

function describe(waited: readonly Waited[]): string {
  const answer = formatMs(median(waited.map(({ fromAnswerMs }) => fromAnswerMs)));
  const start = formatMs(median(waited.map(({ fromStartMs }) => fromStartMs)));
  return `${answer} after the first answer of the registry, ${start} after its start`;
}

/** With a copy of the client's state, so that the chunk index is fetched in each round. */
async function streaming(stage: Stage, repository: string, host: string): Promise<Command> {
  const state = await stage.fresh("state");
  await cp(join(stage.directory, "state"), state, { recursive: true });
  return stage.dtuf(["pull-target", repository, "large", "--output", "-"], {
    DTUF_REPOSITORIES_ROOT: state,
    DTUF_HOST: host,
  });
}

/** When the program has written something; then it is ended. */
async function firstOutput({ argv: [program = "", ...words], cwd, env = {} }: Command): Promise<number> {
  const child = spawn(program, words, {
    ...(cwd === undefined ? {} : { cwd }),
    env,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended]);
  const shown = performance.now();
  if (child.exitCode !== null) throw new Error(`${program} wrote nothing`);
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  await ended;
  return shown;
}
