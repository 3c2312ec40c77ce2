/** 128 MiB over connections of 20 MB/s each. */
import { rm } from "node:fs/promises";
import { compare } from "../compare.ts";
import { publishFile } from "../repository.ts";
import { startSlowProxy } from "../slow-proxy.ts";
import { formatBytes, lineOf } from "../table.ts";
import { contendersOn } from "./cut.ts";
import type { Row } from "./row.ts";

const bytesPerSecond = 20_000_000;

export const slowPull: Row = {
  id: "pull-slow",
  async run(stage) {
    const directory = await stage.fresh("slow");
    const { repository, file } = await publishFile(stage, directory, stage.scaled(128 << 20));
    await using proxy = await startSlowProxy(stage.registry.host, bytesPerSecond);
    const results = await compare(await contendersOn(stage, proxy.host, { repository, file, directory }), stage.rounds);
    await rm(directory, { recursive: true });
    return [lineOf(`pull of ${formatBytes(file.size)} over connections of 20 MB/s each`, results)];
  },
};
