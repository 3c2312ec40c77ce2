import { encodeRootChain } from "@dtuf/format";
import { writeRepository, type VerifiedRepository } from "@dtuf/mirror/tuf";
import type { Context, ExitStatus, Run } from "../../context/command.ts";
import { uploadProgress } from "../../context/progress/upload-progress.ts";
import { describeCount } from "../../context/time.ts";
import { UsageError } from "../../context/usage.ts";
import { plainUrlOf } from "../../connection/plain-site.ts";
import { withMaster } from "../../publish/master/master.ts";
import { readRequestedRoot } from "./requested-root.ts";
import { findStateName, openTufDestination } from "./places.ts";
import { withVerified, type Verified } from "./verified-source.ts";

export const run: Run = async (context, [repo = ""]) => {
  const given = context.values.text("metadata-url") || undefined;
  if (given === undefined) throw new UsageError("no repository to take over", "name it: --metadata-url URL|DIR");
  const source = plainUrlOf(context, given).href;
  const root = await readRequestedRoot(context, undefined, "root");
  const name = findStateName(context, repo) ?? "archive";
  return withVerified(context, { source, root, name, remembers: "what-was-seen" }, (verified) =>
    takeOver(context, verified, repo),
  );
};

/** Its clients follow, because metadata is written byte for byte and every root is published again. */
async function takeOver(context: Context, { repository, carrier }: Verified, repo: string): Promise<ExitStatus> {
  const { io, terminal, values } = context;
  const { store } = await openTufDestination(carrier, repo, "dtuf");
  const progress = uploadProgress(context);
  await writeRepository(repository, {
    onProgress: progress.onProgress,
    store,
    directory: `${carrier.directory}/targets`,
    concurrency: values.count("concurrency") ?? 6,
    signal: io.signal,
  });
  progress.end();
  const root = encodeRootChain(repository.roots.map(({ bytes }) => bytes));
  return withMaster<ExitStatus>(context, repo, async (master, place) => {
    const { keyDirectory } = await master.adopt({ root, signal: io.signal });
    if (terminal.format === "json") await terminal.printJson({ place, keyDirectory, ...describe(repository) });
    terminal.report(
      `took over ${describeCount(repository.roots.length, "root")} and ${describeCount(countTargets(repository), "target")} to ${place}`,
    );
    terminal.report(
      `the files of the keys that this machine is to sign with go into ${keyDirectory}; a key of your own (create-key, add-key) stays where it is`,
    );
    return 0;
  });
}

function describe({ roots, timestamp, snapshot, targets }: VerifiedRepository): object {
  return {
    versions: {
      root: roots.at(-1)?.version,
      timestamp: timestamp.version,
      snapshot: snapshot.version,
      targets: targets.version,
    },
    roots: roots.map(({ version }) => version),
  };
}

function countTargets({ targets, delegated }: VerifiedRepository): number {
  return [targets, ...delegated].reduce((sum, role) => sum + role.targets.targets.size, 0);
}
