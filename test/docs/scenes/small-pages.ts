/** Pages of a few lines of shell each. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { found, place, publisher, type Scene } from "./scene.ts";

const read = (directory: string, file: string): Promise<string> => readFile(join(directory, file), "utf8");

const install: Scene = {
  page: "docs/install.md",
  words: {
    "docker://registry.example.com/tools/dtuf:0.1.0": "oci:../copied/image:0.1.0",
    "registry.example.com/tools/releases": "tools/releases",
    "/usr/local/bin/dtuf": "./dtuf",
  },
  async prepare(typist) {
    await place(typist, "me/layer");
    await place(typist, "me/dtuf-linux-x64", "#!/bin/sh\necho it runs\n");
    await typist.must(publisher, "dtuf push-blob oci:packed/image layer @latest");
    await typist.must(publisher, "dtuf init tools/releases --output root.json");
    await typist.must(publisher, "dtuf publish tools/releases dtuf-linux-x64");
  },
  async after(typist) {
    expect(await typist.must(publisher, "./dtuf")).toBe("it runs\n");
    expect(await typist.must(publisher, "dtuf list-aliases oci:../copied/image")).toBe("0.1.0\n");
  },
};

const metrics: Scene = {
  page: "docs/metrics.md",
  words: { "/var/lib/node_exporter/": "" },
  prepare: found,
  async after(typist) {
    expect(await read(typist.directory, "me/dtuf.prom")).toContain('dtuf_role_due{place="');
    expect(await typist.must(publisher, "dtuf diff fred/demo")).toContain("timestamp");
  },
};

const skopeo: Scene = {
  page: "docs/from-skopeo-sync.md",
  host: "registry",
  async prepare(typist) {
    await place(typist, "me/layer");
    await typist.must(publisher, "dtuf push-blob busybox layer @latest");
    typist.words.set("registry.example.com", typist.environment.get("DTUF_HOST") ?? "");
  },
  async after({ directory }) {
    expect(await read(directory, "me/DIR/busybox:latest/manifest.json")).toContain('"layers"');
  },
};

const cli: Scene = {
  page: "packages/cli/README.md",
  prepare: async () => undefined,
  async after(typist) {
    expect(await typist.must(publisher, "dtuf help")).toContain("push-metadata");
  },
};

const agent: Scene = {
  page: "docs/agent.md",
  async prepare(typist) {
    await found(typist);
    await typist.must(publisher, "dtuf release fred/demo app 1.0.0 demo.txt");
    await typist.must(publisher, "dtuf push-metadata fred/demo");
    const install = { kind: "file", path: "installed" };
    const settings = { repository: "fred/demo", root: "root.json", name: "app", directory: "agent", install };
    await place(typist, "me/agent.json", JSON.stringify(settings));
  },
  async after(typist) {
    expect(await read(typist.directory, "me/installed")).toBe("Hello World\n");
    expect(typist.printed.at(-1)).toContain("installed: 1.0.0");
    expect(typist.printed.join("")).toContain('{"type":"ended","status":0}');
  },
};

export const smallPages: readonly Scene[] = [cli, agent, install, metrics, skopeo];
