/** One target of 1 GiB: pushed and pulled. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { compare, type Contender } from "../compare.ts";
import { dxfPull, dxfPush, dxfProgram, pullers, pushers, type Upload } from "../contenders.ts";
import { changeFile, createFile, createLayout, type BenchFile } from "../content.ts";
import { publisher, publishFile } from "../repository.ts";
import type { Stage } from "../stage.ts";
import { formatBytes, lineOf } from "../table.ts";
import type { Row } from "./row.ts";

const curlPush = `
digest=sha256:$(sha256sum "$2" | cut -c1-64)
location=$(curl -sf -X POST -D - -o /dev/null "$1" | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
curl -sf -X PUT -H Expect: -H 'Content-Type: application/octet-stream' -T "$2" -o /dev/null "$location&digest=$digest"
`;

const shell = (script: string, ...words: readonly string[]): readonly string[] => [
  ...["bash", "-euc", "-o", "pipefail", script, "bash"],
  ...words,
];

export const pushLarge: Row = {
  id: "push-large",
  async run(stage) {
    const directory = await stage.fresh("push-large");
    const made = await createFile(join(directory, "large"), stage.scaled(1 << 30));
    const begin = async (): Promise<Upload & { readonly file: BenchFile }> => {
      await stage.registry.forget();
      const file = await changeFile(made.path);
      const layout = join(directory, "layout");
      await createLayout(layout, [file]);
      return { repository: stage.repository(), files: [file], layout, file };
    };
    const { host } = stage.registry;
    const { environment: env } = stage;
    const dxf = await dxfProgram(stage, dxfPush);
    const alone: Contender = {
      name: "dtuf",
      prepare: async () => {
        const { repository, file } = await begin();
        return stage.dtuf(["push-blob", repository, file.path]);
      },
    };
    const others: (Contender | undefined)[] = [
      stage.peers.find("curl") && {
        name: "sha256sum + curl",
        prepare: async () => {
          const { repository, file } = await begin();
          return { argv: shell(curlPush, `http://${host}/v2/${repository}/blobs/uploads/`, file.path), env };
        },
      },
      dxf && {
        name: "dxf",
        prepare: async () => {
          const { repository, file } = await begin();
          return { argv: [...dxf, host, repository, file.path], env };
        },
      },
    ];
    const present = others.filter((each) => each !== undefined);
    const results = await compare([alone, ...present, ...pushers(stage, begin)], stage.rounds);
    const target: Contender = {
      name: "dtuf",
      prepare: async () => {
        const { repository, file } = await begin();
        await publisher(stage, repository);
        return stage.dtuf(["push-target", repository, "large", file.path]);
      },
    };
    const targets = await compare([target, ...present.slice(0, 1)], stage.rounds);
    await rm(directory, { recursive: true });
    const size = formatBytes(made.size);
    const show = ["time", "cpu", "memory"] as const;
    return [
      lineOf(`push of a blob of ${size} (\`push-blob\`)`, results, { show }),
      lineOf(`push of a target of ${size} (\`push-target\`: blob and its manifest)`, targets, { show }),
    ];
  },
};

export const pullLarge: Row = {
  id: "pull-large",
  async run(stage) {
    const directory = await stage.fresh("pull-large");
    const { repository, file } = await publishFile(stage, directory, stage.scaled(1 << 30));
    await rm(file.path);
    const results = await compare(await largePullers(stage, { repository, file, directory }), stage.rounds);
    await rm(directory, { recursive: true });
    const size = formatBytes(file.size);
    const show = ["time", "cpu", "memory"] as const;
    return [lineOf(`pull of a target of ${size} into a file, refreshed, verified, fsynced`, results, { show })];
  },
};

/** As on a processor that has none. */
export const pullWithoutSha: Row = {
  id: "pull-without-sha",
  async run(stage) {
    const directory = await stage.fresh("pull-without-sha");
    const { repository, file } = await publishFile(stage, directory, stage.scaled(1 << 30));
    await rm(file.path);
    const own = ownPull(stage, { repository, file, directory });
    const others = pullers(stage, { repository, bytes: file.size });
    const results = await compare([own, ...others].map(withoutSha), stage.rounds);
    await rm(directory, { recursive: true });
    const size = formatBytes(file.size);
    const show = ["time", "cpu", "memory"] as const;
    return [lineOf(`pull of a target of ${size} into a file, without SHA instructions`, results, { show })];
  },
};

/** What OpenSSL and Go on x86-64 are told to do without. */
const shaOff = { OPENSSL_ia32cap: ":~0x20000000", GODEBUG: "cpu.sha=off" };

function withoutSha(contender: Contender): Contender {
  return {
    ...contender,
    prepare: async () => {
      const command = await contender.prepare();
      return { ...command, env: { ...command.env, ...shaOff } };
    },
  };
}

interface LargePull {
  readonly repository: string;
  readonly file: BenchFile;
  readonly directory: string;
}

function ownPull(stage: Stage, { repository, file, directory }: LargePull): Contender {
  const out = join(directory, "out");
  const own = stage.dtuf(["pull-target", repository, "large", "--output", out]);
  return {
    name: "dtuf",
    prepare: async () => (await rm(out, { force: true }), own),
    check: async () => verifyFile(stage, out, file),
  };
}

async function largePullers(stage: Stage, pull: LargePull): Promise<readonly Contender[]> {
  const { repository, file, directory } = pull;
  const { environment: env } = stage;
  const { host } = stage.registry;
  const out = join(directory, "out");
  const into = (name: string, argv: readonly string[]): Contender => ({
    name,
    prepare: async () => {
      await rm(out, { force: true });
      return { argv, env };
    },
    check: async () => verifyFile(stage, out, file),
  });
  const url = `http://${host}/v2/${repository}/blobs/${file.digest}`;
  const curl = 'curl -sf "$1" | tee "$2" | sha256sum';
  const dxf = await dxfProgram(stage, dxfPull);
  const found: (Contender | undefined)[] = [
    ownPull(stage, pull),
    stage.peers.find("curl") && into("curl \\| tee FILE \\| sha256sum", shell(curl, url, out)),
    stage.peers.find("curl") &&
      into("curl -o FILE; sha256sum FILE", shell('curl -sf "$1" -o "$2"; sha256sum "$2"', url, out)),
    stage.peers.find("curl") && into("the first and sync FILE", shell(`${curl}; sync "$2"`, url, out)),
    dxf && {
      name: "dxf (verifies nothing)",
      prepare: async () => ({ argv: [...dxf, host, repository, await stage.fresh("dxf"), file.digest], env }),
    },
  ];
  const others = pullers(stage, { repository, bytes: file.size });
  return [...found.filter((each) => each !== undefined), ...others, ...others.map((each) => synced(each, directory))];
}

/** What it wrote is on the disk when it ends, as dtuf's file is. */
function synced(contender: Contender, directory: string): Contender {
  return {
    ...contender,
    name: `${contender.name} and sync`,
    prepare: async () => {
      const { argv, ...command } = await contender.prepare();
      return { ...command, argv: shell('directory=$1; shift; "$@"; sync -f "$directory"', directory, ...argv) };
    },
  };
}

async function verifyFile(stage: Stage, path: string, { digest }: BenchFile): Promise<void> {
  const { stdout } = await stage.must({ argv: ["sha256sum", path], env: stage.environment });
  if (!stdout.startsWith(digest.slice("sha256:".length))) throw new Error(`${path} is not what was pushed`);
}
