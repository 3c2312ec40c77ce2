/** Repositories of many targets: in one role, and in hash bins. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { compare, median, medianOf, type Contender, type Result } from "../compare.ts";
import { startCountingProxy } from "../counting-proxy.ts";
import { createBins, createOneRole, type LargeRepository } from "../large-repository.ts";
import type { Stage } from "../stage.ts";
import { formatMiB, formatMs, lineOf, type Line } from "../table.ts";
import { describeCounts } from "./refresh.ts";
import type { Row } from "./row.ts";

const patienceMs = 180_000;

const pythonRefresh = `
import os, shutil, sys, tempfile
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.api.exceptions import DownloadHTTPError
class Fetcher(FetcherInterface):
    def _fetch(self, url):
        try:
            with open(sys.argv[1] + "/" + url.split("/")[-1], "rb") as file:
                yield file.read()
        except FileNotFoundError:
            raise DownloadHTTPError("no " + url, 404)
with tempfile.TemporaryDirectory() as cache:
    with open(sys.argv[1] + "/1.root.json", "rb") as file:
        root = file.read()
    limit = 1 << 30
    config = UpdaterConfig(snapshot_max_length=limit, targets_max_length=limit)
    updater = Updater(cache, "https://repository.invalid/", fetcher=Fetcher(), config=config, bootstrap=root)
    updater.refresh()
    assert updater.get_targetinfo(sys.argv[2]) is not None
`;

async function clients(stage: Stage, repository: LargeRepository): Promise<readonly Contender[]> {
  const words = [repository.metadataDirectory, repository.target];
  const python = await stage.peers.findPython("tuf");
  return [
    { name: "dtuf", prepare: async () => stage.program("refresh.ts", words) },
    {
      name: "tuf-js",
      prepare: async () => ({ ...stage.program("refresh-tuf-js.ts", words), timeoutMs: patienceMs }),
    },
    ...(python === undefined
      ? []
      : [
          {
            name: `python-tuf ${python.version}`,
            prepare: async () => ({ argv: [python.path, "-c", pythonRefresh, ...words], env: stage.environment }),
          },
        ]),
  ];
}

export const oneRole: Row = {
  id: "one-role",
  async run(stage) {
    const lines: Line[] = [];
    for (const full of [1000, 10_000, 100_000]) {
      const count = stage.scaled(full);
      const directory = await stage.fresh("one-role");
      const repository = await createOneRole(directory, count);
      const contenders = await clients(stage, repository);
      // tuf-js is quadratic: what it needed once is told, and what it could not do is not tried with ten times as much.
      const slow = full === 10_000 ? contenders.filter(({ name }) => name === "tuf-js") : [];
      const others = contenders.filter(
        (contender) => !slow.includes(contender) && !(full === 100_000 && contender.name === "tuf-js"),
      );
      const results = [...(await compare(others, stage.rounds)), ...(await compare(slow, 1))];
      const verify = { name: "dtuf", prepare: async () => stage.program("verify.ts", [repository.metadataDirectory]) };
      const [alone] = await compare([verify], stage.rounds);
      lines.push(
        verifiedLine(`parse and verify ${count.toLocaleString("en")} targets in one role`, alone, "targetsMs"),
      );
      lines.push(
        lineOf(`refresh, and find a target among ${count.toLocaleString("en")}, process start included`, results, {
          show: ["time", "cpu", "memory"],
        }),
      );
      await rm(directory, { recursive: true });
    }
    return lines;
  },
};

function verifiedLine(what: string, result: Result | undefined, field: "targetsMs" | "snapshotMs"): Line {
  const times = (result?.samples ?? []).map(
    ({ stdout }) => (JSON.parse(stdout) as Record<typeof field, number>)[field],
  );
  const peak = formatMiB(medianOf(result, "peakKiB"));
  return { what, dtuf: result?.failure ?? `${formatMs(median(times))}, peak ${peak}`, peers: "" };
}

export const bins: Row = {
  id: "bins",
  async run(stage) {
    const directory = await stage.fresh("bins");
    const bitLength = Math.max(4, Math.round(Math.log2(stage.scaled(16_384))));
    const count = stage.scaled(2_000_000);
    const repository = await createBins(directory, bitLength, count);
    const name = `${(2 ** bitLength).toLocaleString("en")} bins of ${count.toLocaleString("en")} targets`;
    const verify = { name: "dtuf", prepare: async () => stage.program("verify.ts", [repository.metadataDirectory]) };
    const [alone] = await compare([verify], stage.rounds);
    const found = await compare(await clients(stage, repository), stage.rounds);
    const lines = [
      verifiedLine(`parse and verify the snapshot of ${name}`, alone, "snapshotMs"),
      lineOf("first refresh of it, and find a target, process start included", found, {
        show: ["time", "cpu", "memory"],
      }),
      ...(await update(stage, directory, repository)),
    ];
    await rm(directory, { recursive: true });
    return lines;
  },
};

/** A client that is up to date; then one target is added. Over HTTP. */
async function update(
  stage: Stage,
  directory: string,
  repository: Awaited<ReturnType<typeof createBins>>,
): Promise<readonly Line[]> {
  await using server = await serveDirectory(directory);
  await using proxy = await startCountingProxy(`127.0.0.1:${server.port}`);
  const environment = {
    DTUF_HOST: "oci:unused",
    DTUF_REPOSITORIES_ROOT: join(directory, "client"),
    DTUF_METADATA_URL: `http://${proxy.host}/metadata/`,
  };
  const pull = (...words: readonly string[]): ReturnType<Stage["dtuf"]> =>
    stage.dtuf(["pull-metadata", "bench/bins", ...words], environment);
  const explain = (target: string): ReturnType<Stage["dtuf"]> =>
    stage.dtuf(["explain", "bench/bins", target], environment);
  await stage.must(pull(repository.root));
  await stage.must(explain(repository.target));
  proxy.take();
  await stage.must(pull());
  const unchanged = proxy.take();
  const target = await repository.add();
  const refreshed = await stage.must(pull());
  const refreshCounts = proxy.take();
  const foundIt = await stage.must(explain(target));
  const findCounts = proxy.take();
  const cost = ({ ms, cpuMs, peakKiB }: typeof refreshed): string =>
    `${formatMs(ms)}, CPU ${formatMs(cpuMs)}, peak ${formatMiB(peakKiB)}`;
  return [
    { what: "an up-to-date client asks again, nothing new", dtuf: describeCounts(unchanged), peers: "" },
    {
      what: "one target is added: its refresh",
      dtuf: `${describeCounts(refreshCounts)}, ${cost(refreshed)}`,
      peers: "",
    },
    {
      what: "… and finding the new target, which refreshes once more",
      dtuf: `${describeCounts(findCounts)}, ${cost(foundIt)}`,
      peers: "",
    },
  ];
}
