import { resolve } from "node:path";
import {
  countLeftBehind,
  createDestinations,
  encodeDigestFile,
  outcomeOf,
  parsePlatformPattern,
  sync,
  type ListingOptions,
  type PlatformChoice,
  type SyncDefaults,
  type SyncOptions,
  type SyncReport,
  type TagTest,
} from "@dtuf/mirror";
import { writeFileAtomically } from "@dtuf/registry/files";
import type { Context, ExitStatus, Run } from "../context/command.ts";
import { encodeJson } from "../context/json.ts";
import { uploadProgress } from "../context/progress/upload-progress.ts";
import { tellWait } from "../connection/lock-wait.ts";
import { hostPlatform } from "../blobs/platform.ts";
import { verifyArchive } from "./archive-file.ts";
import { listSources, openDestination, parsePlaces, type SyncPlaces } from "./sync-places.ts";
import { openSide } from "./sync-registries.ts";
import { describeImage, describeLeftBehind, describeSum, reportJson } from "./sync-report.ts";
import { UsageError } from "../context/usage.ts";
import type { Values } from "../context/settings/values.ts";

export const run: Run = async (context, words) => {
  refuseWhatIsNotDone(context);
  const root = context.values.text("tuf");
  if (root !== undefined && root !== "") return syncRepository(context, words);
  const places = parsePlaces(context, words);
  await verifyArchive(context, places.destination, "taken");
  const [source, destination] = [openSide(context, "src"), openSide(context, "dest")];
  const cleanUp: (() => Promise<unknown>)[] = [() => source.close(), () => destination.close()];
  try {
    const report = await runSync(context, places, { source, destination, cleanUp });
    return await finish(context, report);
  } finally {
    for (const work of cleanUp.toReversed()) await work();
  }
};

async function syncRepository(context: Context, words: readonly string[]): Promise<ExitStatus> {
  const [source, destination, ...more] = words;
  if (source === undefined || destination === undefined || more.length > 0) {
    throw new UsageError(`wanted exactly two arguments, SOURCE and DESTINATION; got ${words.length}`);
  }
  const { carryRepository } = await import("./tuf/carry-repository.ts");
  return carryRepository(context, { source, destination });
}

/** @throws UsageError */
function refuseWhatIsNotDone({ values }: Context): void {
  const given = (name: "sign-by" | "policy" | "format"): boolean => (values.text(name) ?? "") !== "";
  if (given("sign-by")) {
    throw new UsageError(
      `${values.given("sign-by")}: images are not signed here: simple signing is another scheme than TUF`,
      "sign with cosign or notation and carry the signatures along with --referrers, or publish with push-target",
    );
  }
  if (given("policy")) {
    throw new UsageError(
      `${values.given("policy")}: trust policy files are not read: what they verify is another scheme than TUF`,
      "verify with skopeo or cosign",
    );
  }
  if (given("format")) {
    throw new UsageError(
      `${values.given("format")}: images keep the format that they have, because digests never change`,
    );
  }
}

interface Sides {
  readonly source: ReturnType<typeof openSide>;
  readonly destination: ReturnType<typeof openSide>;
  readonly cleanUp: (() => Promise<unknown>)[];
}

async function runSync(context: Context, places: SyncPlaces, sides: Sides): Promise<SyncReport> {
  const { io, values } = context;
  const listing = { registries: sides.source, options: await listingOptions(context), cleanUp: sides.cleanUp };
  const options = syncOptions(context);
  const sources = await listSources(context, places.source, listing);
  const { place, archive } = await openDestination(context, places.destination, sides.cleanUp);
  const naming = { destination: place, scoped: places.scoped, appendSuffix: values.text("append-suffix") ?? "" };
  const destinations = createDestinations({
    registries: sides.destination,
    now: io.now,
    onLockWait: tellWait(context),
  });
  const progress = uploadProgress(context, { partial: archive === undefined ? "kept" : "dropped" });
  const report = await sync(sources, { ...options, naming, destinations, onProgress: progress.onProgress });
  progress.end();
  const outcome = outcomeOf(report);
  const isWhole = outcome === "done" || (outcome === "partly" && options.onFailure === "go-on");
  if (archive !== undefined && options.mode === "copy" && isWhole) await archive.commit({ signal: io.signal });
  return report;
}

async function listingOptions({ io, values }: Context): Promise<ListingOptions> {
  return {
    filters: {
      include: await parsePatterns(values, "include"),
      exclude: await parsePatterns(values, "exclude"),
      newest: values.count("newest"),
    },
    signatures: values.on("remove-signatures") ? "leave" : "take",
    map: new Map(values.list("map").map(parseMapping)),
    signal: io.signal,
  };
}

/** @throws UsageError. Parsed here and not where the other settings are, because the expressions' engine is loaded late. */
async function parsePatterns(values: Values, name: "include" | "exclude"): Promise<readonly TagTest[]> {
  const patterns = values.list(name);
  if (patterns.length === 0) return [];
  const { parseTagRegex } = await import("@dtuf/mirror/lists");
  try {
    return patterns.map(parseTagRegex);
  } catch (error) {
    throw new UsageError(`${values.given(name)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseMapping(text: string): [string, string] {
  const equals = text.indexOf("=");
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function syncOptions(context: Context): Omit<SyncDefaults, "sleep"> & Pick<SyncOptions, "signal" | "onImage"> {
  const { io, values, terminal } = context;
  const signatures = values.on("remove-signatures") ? ("remove" as const) : ("keep" as const);
  const carry = signatures === "remove" ? ("carry-unsigned" as const) : ("carry" as const);
  return {
    platforms: platforms(context),
    referrers: values.on("referrers") ? carry : "leave",
    leftBehind: values.on("require-referrers") ? "require" : (values.text("report") ?? "") === "" ? "ignore" : "look",
    signatures,
    deletion: values.on("delete") ? "delete" : "keep",
    onFailure: values.on("keep-going") ? "go-on" : "stop",
    present: values.on("verify") ? "verify" : "trust",
    mode: values.on("dry-run") ? "check" : "copy",
    images: values.count("images") ?? 12,
    concurrency: values.count("concurrency") ?? 6,
    retry: {
      times: values.count("retry-times") ?? 0,
      delayMs: values.durationMs("retry-delay"),
    },
    signal: io.signal,
    onImage: (report) =>
      terminal.note(describeImage(report, values.on("keep-going")), report.status === "failed" ? "ERROR" : "INFO"),
  };
}

function platforms({ io, values }: Context): PlatformChoice {
  const named = values.text("platform");
  if (values.on("all")) return "all";
  if (named === undefined || named === "") return [hostPlatform(io)];
  return named.split(",").map((text) => parsePlatformPattern(text.trim()));
}

async function finish(context: Context, report: SyncReport): Promise<ExitStatus> {
  const { io, values, terminal } = context;
  const [digestfile, file] = [values.text("digestfile"), values.text("report")];
  if (digestfile !== undefined && digestfile !== "" && !values.on("dry-run")) {
    await writeFileAtomically(resolve(io.cwd, digestfile), encodeDigestFile(report));
  }
  const json = reportJson(report);
  if (file !== undefined && file !== "") {
    await writeFileAtomically(resolve(io.cwd, file), `${encodeJson({ schemaVersion: 1, ...json }, 2)}\n`);
  }
  if (terminal.format === "json") await terminal.printJson(json);
  else for (const image of report.images) if (image.status !== "failed") await terminal.printName(describeImage(image));
  for (const left of report.images.map(describeLeftBehind)) if (left !== undefined) terminal.note(left);
  terminal.report(describeSum(report));
  const outcome = outcomeOf(report);
  const failed = report.images.filter(({ error }) => error !== undefined);
  // Each was told when it failed, perhaps hundreds of lines ago. The error that ends the command is told last.
  const [first] = outcome === "failed" ? failed : [];
  for (const image of failed) if (image !== first) terminal.report(describeImage(image));
  if (first !== undefined) throw first.error;
  const isMissing = values.on("require-referrers") && (countLeftBehind(report) ?? 0) > 0;
  return outcome === "done" && !isMissing ? 0 : 11;
}
