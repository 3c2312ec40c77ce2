/** Refreshes, and a mount: counted in requests, and timed. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { mediaTypes } from "@dtuf/registry";
import { compare, type Contender } from "../compare.ts";
import { createFile, createLayout } from "../content.ts";
import { startCountingProxy, type Counts } from "../counting-proxy.ts";
import { pushers } from "../contenders.ts";
import { publisher } from "../repository.ts";
import type { Stage } from "../stage.ts";
import { formatBytes, formatMs, lineOf, type Line } from "../table.ts";
import type { Row } from "./row.ts";

export const refresh: Row = {
  id: "refresh",
  async run(stage) {
    const directory = await stage.fresh("refresh");
    const { path } = await createFile(join(directory, "file"), 1000);
    const repository = stage.repository();
    const { root } = await publisher(stage, repository, [["file", path]]);
    const state = join(directory, "client");
    const pull = (host: string, ...words: readonly string[]): ReturnType<Stage["dtuf"]> =>
      stage.dtuf(["pull-metadata", repository, ...words], { DTUF_HOST: host, DTUF_REPOSITORIES_ROOT: state });
    const { host } = stage.registry;
    const first: Contender = {
      name: "dtuf",
      prepare: async () => {
        await rm(state, { recursive: true, force: true });
        return pull(host, root);
      },
    };
    const { environment: env } = stage;
    const curl = stage.peers.find("curl");
    const url = `http://${host}/v2/${repository}/manifests/latest`;
    const head: readonly Contender[] =
      curl === undefined
        ? []
        : [
            {
              name: "curl -I",
              prepare: async () => ({
                argv: [curl.path, "-sfI", "-H", `Accept: ${mediaTypes.imageManifest}`, url],
                env,
              }),
            },
          ];
    const full = await compare([first, ...head], stage.rounds);
    const nothingNew = await compare([{ name: "dtuf", prepare: async () => pull(host) }, ...head], stage.rounds);
    await using proxy = await startCountingProxy(host);
    await stage.must(pull(proxy.host));
    const unchanged = proxy.take();
    await rm(state, { recursive: true, force: true });
    await stage.must(pull(proxy.host, root));
    return [
      { what: "requests of a refresh with nothing new", dtuf: describeCounts(unchanged), peers: "" },
      { what: "requests of a first refresh", dtuf: describeCounts(proxy.take()), peers: "" },
      lineOf("refresh with nothing new, process start included", nothingNew, { show: ["time", "cpu", "memory"] }),
      lineOf("first refresh, process start included", full),
    ];
  },
};

export function describeCounts({ requests, methods, received }: Counts): string {
  const each = [...methods].map(([method, count]) => `${count} ${method}`).join(", ");
  return `${requests}${requests === 0 ? "" : ` (${each})`}, ${formatBytes(received)} received`;
}

export const mount: Row = {
  id: "mount",
  async run(stage) {
    const directory = await stage.fresh("mount");
    const file = await createFile(join(directory, "file"), stage.scaled(16 << 20));
    const layout = join(directory, "layout");
    await createLayout(layout, [file]);
    const [from, to] = [stage.repository(), stage.repository()];
    const { host } = stage.registry;
    const push = stage.dtuf(["push-blob", from, file.path]);
    await stage.must(push);
    await using proxy = await startCountingProxy(host);
    await stage.must(stage.program("mount-blob.ts", [proxy.host, from, to, file.digest, String(file.size)]));
    const own = proxy.take();
    const lines: Line[] = [];
    const others: string[] = [];
    const skopeo = pushers(stage, async () => ({ repository: from, files: [file], layout }))[0];
    if (skopeo !== undefined) await stage.must(await skopeo.prepare());
    for (const [name, argv] of crossRepository(
      stage,
      `${proxy.host}/${from}:bench`,
      `${proxy.host}/${stage.repository()}:bench`,
    )) {
      const [result] = await compare([{ name, prepare: async () => ({ argv, env: stage.environment }) }], 1);
      const counts = proxy.take();
      if (result?.failure === undefined)
        others.push(`${name} ${describeCounts(counts)} in ${formatMs(result?.samples[0]?.ms ?? Number.NaN)}`);
    }
    lines.push({ what: "requests to mount a blob of another repository", dtuf: describeCounts(own), peers: "" });
    lines.push({ what: "an image of that blob into another repository", dtuf: "", peers: others.join("; ") });
    return lines;
  },
};

function crossRepository(stage: Stage, from: string, to: string): readonly (readonly [string, readonly string[]])[] {
  const [skopeo, crane, regctl] = (["skopeo", "crane", "regctl"] as const).map((name) => stage.peers.find(name)?.path);
  const tls = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  const host = from.split("/")[0] ?? "";
  const all: (readonly [string, readonly string[]] | undefined)[] = [
    skopeo === undefined
      ? undefined
      : ["skopeo", [skopeo, "--insecure-policy", "copy", "-q", ...tls, `docker://${from}`, `docker://${to}-s`]],
    crane === undefined ? undefined : ["crane", [crane, "copy", "--insecure", from, to]],
    regctl === undefined
      ? undefined
      : [
          "regctl",
          [regctl, "--host", `reg=${host},tls=disabled`, "image", "copy", from, to.replace(":bench", "-r:bench")],
        ],
  ];
  return all.filter((each) => each !== undefined);
}
