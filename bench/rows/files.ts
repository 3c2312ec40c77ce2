/** Three hundred files of 10 KB, a target each: pushed by one process, and how many round trips that takes. */
import { rm } from "node:fs/promises";
import { compare, type Contender } from "../compare.ts";
import { pushers, type Upload } from "../contenders.ts";
import { changeFile, createFiles } from "../content.ts";
import { startCountingProxy } from "../counting-proxy.ts";
import { startDistantProxy } from "../distant-proxy.ts";
import type { Stage } from "../stage.ts";
import { lineOf } from "../table.ts";
import { countEach, roundTrips } from "./many.ts";
import type { Row } from "./row.ts";

const fileBytes = 10_000;
const distanceMs = 30;

export const pushFiles: Row = {
  id: "push-files",
  async run(stage) {
    const directory = await stage.fresh("push-files");
    const count = Math.max(10, stage.scaled(300));
    let files = await createFiles(directory, count, fileBytes);
    const contendersOn = (host: string): readonly Contender[] => {
      const begin = async (): Promise<Upload> => {
        await stage.registry.forget();
        files = await Promise.all(files.map(({ path }) => changeFile(path)));
        return { repository: stage.repository(), files, layout: "", host };
      };
      return [pushTargets(stage, begin), ...pushers(stage, begin).filter(({ name }) => name === "oras")];
    };
    const [own, ...others] = await compare(contendersOn(stage.registry.host), stage.rounds);
    await using distant = await startDistantProxy(stage.registry.host, distanceMs / 2);
    const [ownThere, ...othersThere] = await compare(contendersOn(distant.host), stage.rounds);
    await using proxy = await startCountingProxy(stage.registry.host);
    const counted = await countEach(contendersOn(proxy.host), () => proxy.take());
    await rm(directory, { recursive: true });
    if (own === undefined || ownThere === undefined) throw new TypeError("no results");
    return [
      lineOf(`push of ${count} files of 10 KB as a target each, \`push-targets FILE…\``, [own, ...others]),
      lineOf(`the same to a registry that is ${distanceMs} ms away`, [ownThere, ...othersThere]),
      roundTrips(`round trips per file, of those ${count} pushed`, counted, count),
    ];
  },
};

function pushTargets(stage: Stage, begin: () => Promise<Upload>): Contender {
  return {
    name: "dtuf (push-targets)",
    prepare: async () => {
      const { repository, files, host = stage.registry.host } = await begin();
      const environment = { DTUF_HOST: host };
      for (const verb of ["create-root-key", "create-metadata-keys", "create-metadata"]) {
        await stage.must(stage.dtuf([verb, repository], environment));
      }
      return stage.dtuf(["push-targets", repository, ...files.map(({ path }) => path)], environment);
    },
  };
}
