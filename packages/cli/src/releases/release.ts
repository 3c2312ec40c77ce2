import { basename } from "node:path";
import {
  AgentError,
  encodeAgentRelease,
  encodePlatform,
  notesMaxLength,
  parsePlatform,
  parseReleaseVersion,
  parseReleaseWord,
  type AgentRelease,
  type ReleasePlatform,
} from "@dtuf/agent/release";
import type { Context, Run } from "../context/command.ts";
import { readInput, withInputFiles } from "../context/input-file.ts";
import { expectFiles, uploadProgress } from "../context/progress/upload-progress.ts";
import { UsageError } from "../context/usage.ts";
import { withMaster } from "../publish/master/master.ts";
import { namesNoFile } from "../targets/chunk-index.ts";
import { reportStaged } from "../publish/reports/staged-report.ts";
import { givenRole, pushPlaced } from "../publish/targets/role-target.ts";
import { findReleases } from "./published-releases.ts";

interface NewRelease {
  readonly target: string;
  readonly release: AgentRelease;
}

export const run: Run = async (context, [repo = "", name = "", version = "", ...files]) => {
  if (namesNoFile(context.values.text("patch-from") ?? ""))
    throw new UsageError("--patch-from: each version of a release is a target of its own; name the older file");
  const releases = await readReleases(context, { name, version, files });
  await withInputFiles(context, files, (paths) => pushReleases(context, repo, { name, version, releases, paths }));
};

interface Pushed {
  readonly name: string;
  readonly version: string;
  readonly releases: readonly NewRelease[];
  readonly paths: readonly string[];
}

async function pushReleases(context: Context, repo: string, { name, version, releases, paths }: Pushed): Promise<void> {
  const progress = uploadProgress(context, { expected: await expectFiles(paths) });
  await withMaster(context, repo, async (master) => {
    const role = givenRole(context);
    const published = (await findReleases(master, { name, version }, role)).map(({ release }) => placeOf(release));
    const again = releases.find(({ release }) => published.includes(placeOf(release)));
    if (again !== undefined)
      throw new AgentError(
        "AGENT_RELEASE_AMBIGUOUS",
        `${name} ${version} (${placeOf(again.release)}) is there already`,
        {
          details: { name, version },
        },
      );
    for (const [index, { target, release }] of releases.entries()) {
      await pushPlaced(context, master, {
        target,
        parts: [{ kind: "file", path: paths[index] ?? "" }],
        custom: encodeAgentRelease(release),
        onProgress: progress.onProgress,
      });
    }
    progress.end();
    const what = `uploaded ${name} ${version} for ${releases[0]?.release.rollout} % of the machines`;
    await reportStaged(context, repo, { master, what, role });
    if (context.terminal.format === "json")
      await context.terminal.printJson({ targets: releases.map(({ target }) => target) });
  });
}

const placeOf = ({ platform }: AgentRelease): string =>
  platform === undefined ? "every platform" : encodePlatform(platform);

interface Given {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
}

/** @throws UsageError; AgentError AGENT_RELEASE_INVALID */
async function readReleases(context: Context, { name, version, files }: Given): Promise<readonly NewRelease[]> {
  const { values, io } = context;
  const channel = values.text("channel") ?? "";
  const notes = values.text("notes") ?? "";
  const until = values.text("support-until") ?? "";
  const common = {
    name: parseReleaseWord(name, "name"),
    version: parseReleaseVersion(version),
    channel: channel === "" ? "stable" : channel,
    rollout: Number((values.text("rollout") || "100").replace("%", "")),
    seed: `${name} ${version}`,
    published: new Date(Math.floor(io.now().getTime() / 1000) * 1000),
    critical: values.on("critical"),
    minimum: values.text("minimum") || undefined,
    notes: notes === "" ? undefined : Buffer.from(await readInput(context, notes, notesMaxLength)).toString("utf8"),
    supportUntil: until === "" ? undefined : new Date(`${until}T00:00:00Z`),
    ...{ revoked: false, rollback: undefined },
  };
  return readPlatforms(context, files).map((platform, index) => {
    const file = files[index] === "-" ? name : basename(files[index] ?? "");
    const folder = platform === undefined ? "any" : `${platform.os}-${platform.arch}`;
    return { target: `${name}/${version}/${folder}/${file}`, release: { ...common, platform } };
  });
}

/** One for each file. @throws UsageError */
function readPlatforms({ values }: Context, files: readonly string[]): readonly (ReleasePlatform | undefined)[] {
  const given = (values.text("platform") ?? "").split(",").filter((word) => word.trim() !== "");
  if (given.length === 0 && files.length === 1) return [undefined];
  if (given.length !== files.length)
    throw new UsageError(
      `${files.length} files and ${given.length} platforms`,
      "one platform for each file: --platform linux/amd64,windows/amd64; one file alone may be for every platform",
    );
  return given.map((word) => parsePlatform(word.trim()));
}
