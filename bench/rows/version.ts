/** What it costs to start. */
import { compare } from "../compare.ts";
import { lineOf } from "../table.ts";
import type { Row } from "./row.ts";

export const version: Row = {
  id: "version",
  async run(stage) {
    const { environment: env } = stage;
    const node = { name: "node -e 0", prepare: async () => ({ argv: [process.execPath, "-e", "0"], env }) };
    const dxf = stage.peers.find("dxf");
    const contenders = [
      { name: "dtuf", prepare: async () => stage.dtuf(["--version"]) },
      node,
      ...(dxf === undefined
        ? []
        : [{ name: "dxf --help", prepare: async () => ({ argv: [dxf.path, "--help"], env }) }]),
    ];
    return [
      lineOf("`dtuf --version`", await compare(contenders, stage.rounds * 3), { show: ["cpu", "time", "memory"] }),
    ];
  },
};
