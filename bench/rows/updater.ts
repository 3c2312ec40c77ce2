/** An updater in a program: a check that finds nothing new, and an update of a large executable from check to confirmed. */
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { compare, type Contender } from "../compare.ts";
import { startCountingProxy, type Counts } from "../counting-proxy.ts";
import { publisher } from "../repository.ts";
import type { Stage } from "../stage.ts";
import { lineOf, type Line } from "../table.ts";
import { describeCounts } from "./refresh.ts";
import type { Row } from "./row.ts";

/** DTUF_BENCH_PAIR: two versions of one executable, with `:` between. Default: this Node, twice. */
const pair = (process.env["DTUF_BENCH_PAIR"] ?? `${process.execPath}:${process.execPath}`).split(":");

export const updater: Row = {
  id: "updater",
  async run(stage) {
    const directory = await stage.fresh("updater");
    const repository = stage.repository();
    const { root } = await publisher(stage, repository);
    const [old = "", next = ""] = pair;
    const publish = async (version: string, file: string, ...patch: readonly string[]): Promise<void> => {
      await stage.must(stage.dtuf(["release", repository, "node", version, file, ...patch]));
      await stage.must(stage.dtuf(["push-metadata", repository]));
    };
    await publish("1.0.0", old);
    await stage.must(stage.dtuf(["get-root", repository, "--output", root]));
    await using proxy = await startCountingProxy(stage.registry.host);
    const agent = (host: string, at: string, task: "check" | "update"): ReturnType<Stage["program"]> =>
      stage.program("update-agent.ts", [host, repository, root, at, task]);
    const before = join(directory, "before");
    await stage.must(agent(proxy.host, before, "update"));
    const first = proxy.take();
    await stage.must(agent(proxy.host, before, "check"));
    const check = proxy.take();
    const checks = await compare([checkOf(agent(stage.registry.host, before, "check"))], stage.rounds);
    await publish("1.1.0", next, "--patch-from", old);
    const machine = join(directory, "machine");
    const update: Contender = {
      name: "dtuf",
      prepare: async () => {
        await rm(machine, { recursive: true, force: true });
        await cp(before, machine, { recursive: true });
        proxy.take();
        return agent(proxy.host, machine, "update");
      },
    };
    const updates = await compare([update], stage.rounds);
    return linesOf({ first, check, update: proxy.take() }, [
      lineOf("an updater checks, nothing new, process start included", checks, { show: ["time", "cpu", "memory"] }),
      lineOf("an updater installs the next version, from check to confirmed", updates, {
        show: ["time", "cpu", "memory"],
      }),
    ]);
  },
};

const checkOf = (command: ReturnType<Stage["program"]>): Contender => ({ name: "dtuf", prepare: async () => command });

function linesOf(
  counts: { readonly first: Counts; readonly check: Counts; readonly update: Counts },
  timed: readonly Line[],
): readonly Line[] {
  const count = (what: string, counted: Counts): Line => ({ what, dtuf: describeCounts(counted), peers: "" });
  return [
    count("requests of an updater's check with nothing new", counts.check),
    count("… of its first installation", counts.first),
    count("… of its update", counts.update),
    ...timed,
  ];
}
