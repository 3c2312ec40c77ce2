/** How other clients push and pull the same content. */
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Contender } from "./compare.ts";
import type { Command } from "./child.ts";
import type { BenchFile } from "./content.ts";
import type { Stage } from "./stage.ts";

export interface Upload {
  /** host:port; default the stage's registry. */
  readonly host?: string;
  readonly repository: string;
  readonly files: readonly BenchFile[];
  /** An OCI layout of the files, as `createLayout` makes it. */
  readonly layout: string;
}

/** `begin`: makes what is pushed new to the registry, and says what it is. */
export function pushers(stage: Stage, begin: () => Promise<Upload>): readonly Contender[] {
  const { peers } = stage;
  const contender = (
    name: string,
    command: (upload: Upload, host: string) => Promise<Command> | Command,
  ): Contender => ({
    name,
    prepare: async () => {
      const upload = await begin();
      return command(upload, upload.host ?? stage.registry.host);
    },
  });
  const [skopeo, crane, regctl, oras] = (["skopeo", "crane", "regctl", "oras"] as const).map((name) =>
    peers.find(name),
  );
  const { environment: env } = stage;
  const all: (Contender | undefined)[] = [
    skopeo &&
      contender("skopeo", ({ layout, repository }, host) => ({
        argv: [
          ...skopeoCopy(skopeo.path),
          "--dest-tls-verify=false",
          `oci:${layout}:bench`,
          `docker://${host}/${repository}:bench`,
        ],
        env,
      })),
    crane &&
      contender("crane", ({ layout, repository }, host) => ({
        argv: [crane.path, "push", "--insecure", layout, `${host}/${repository}:bench`],
        env,
      })),
    regctl &&
      contender("regctl", ({ layout, repository }, host) => ({
        argv: [
          ...regctlOn(regctl.path, host),
          "image",
          "copy",
          `ocidir://${layout}:bench`,
          `${host}/${repository}:bench`,
        ],
        env,
      })),
    oras &&
      contender("oras", ({ files, repository }, host) => ({
        argv: [
          oras.path,
          "push",
          "--plain-http",
          `${host}/${repository}:bench`,
          ...files.map(({ path }) => basename(path)),
        ],
        cwd: dirname(files[0]?.path ?? "."),
        env,
      })),
  ];
  return all.filter((each) => each !== undefined);
}

/** `--preserve-digests`: without it skopeo compresses what it pushes. */
export function skopeoCopy(path: string): readonly string[] {
  return [path, "--insecure-policy", "copy", "-q", "--preserve-digests"];
}

function regctlOn(path: string, host: string): readonly string[] {
  return [path, "--host", `reg=${host},tls=disabled`];
}

export interface Remote {
  readonly repository: string;
  /** host:port; default the stage's registry. */
  readonly host?: string;
  /** Of all layers: who has fewer at the end has pulled nothing worth a time. */
  readonly bytes: number;
}

/** Pull the image tagged `bench` into an empty directory. */
export function pullers(stage: Stage, { repository, bytes, host = stage.registry.host }: Remote): readonly Contender[] {
  const { peers, environment: env } = stage;
  const contender = (name: string, argv: (directory: string) => readonly string[]): Contender => {
    const directory = join(stage.directory, `pulled-${name}`);
    return {
      name,
      prepare: async () => {
        await rm(directory, { recursive: true, force: true });
        return { argv: argv(directory), env };
      },
      check: () => expectBytes(directory, bytes),
    };
  };
  const [skopeo, crane, regctl, oras] = (["skopeo", "crane", "regctl", "oras"] as const).map((name) =>
    peers.find(name),
  );
  const image = `${host}/${repository}:bench`;
  const all = [
    skopeo &&
      contender("skopeo", (directory) => [
        ...skopeoCopy(skopeo.path),
        "--src-tls-verify=false",
        `docker://${image}`,
        `dir:${directory}`,
      ]),
    crane && contender("crane", (directory) => [crane.path, "pull", "--insecure", "--format=oci", image, directory]),
    regctl &&
      contender("regctl", (directory) => [
        ...regctlOn(regctl.path, host),
        ...["image", "copy", image, `ocidir://${directory}:bench`],
      ]),
    oras && contender("oras", (directory) => [oras.path, "pull", "--plain-http", "-o", directory, image]),
  ];
  return all.filter((each) => each !== undefined);
}

async function expectBytes(directory: string, wanted: number): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => stat(join(parentPath, name)));
  const got = (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
  if (got < wanted) throw new TypeError(`pulled ${got} bytes of ${wanted}`);
}

/** dxf's command takes one blob a run; its module takes many. */
export const dxfPush = `
import sys
from dxf import DXF
dxf = DXF(sys.argv[1], sys.argv[2], insecure=True)
for name in sys.argv[3:]:
    dxf.push_blob(name)
`;

export const dxfPull = `
import sys
from dxf import DXF
dxf = DXF(sys.argv[1], sys.argv[2], insecure=True)
for digest in sys.argv[4:]:
    with open(sys.argv[3] + "/" + digest[7:], "wb") as out:
        for chunk in dxf.pull_blob(digest):
            out.write(chunk)
`;

export async function dxfProgram(stage: Stage, program: string): Promise<readonly string[] | undefined> {
  const python = await stage.peers.findPython("dxf");
  return python === undefined ? undefined : [python.path, "-c", program];
}
