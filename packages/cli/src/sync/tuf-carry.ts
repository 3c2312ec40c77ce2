/** `sync --tuf`, `export`, `import`: a TUF repository is verified from its pinned root and written somewhere else. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMirroredSource, type CopyEvent } from "@dtuf/copy";
import { findImageReference } from "@dtuf/mirror";
import {
  firstToExpire,
  stateValidity,
  verifyRepository,
  verifyValidUntil,
  writeDockerLayout,
  writeRepository,
  type VerifiedRepository,
  type WrittenRepository,
} from "@dtuf/mirror/tuf";
import { fileError, isErrno } from "@dtuf/registry/files";
import type { Context, ExitStatus } from "../context/command.ts";
import { describeLeftOut } from "../context/left-out.ts";
import { describeEvent } from "../pull/copy.ts";
import { createRepositoriesRoot, repositoriesRoot } from "../connection/repositories-root.ts";
import { stateDirectory } from "../connection/place.ts";
import { uploadProgress } from "../context/progress/upload-progress.ts";
import { openSide } from "./sync-registries.ts";
import { readRequestedRoot } from "./requested-root.ts";
import { findStateName, openTufDestination, openTufSource, type Carrier, type TufDestination } from "./tuf-places.ts";
import { verifyArchive } from "./archive-file.ts";

const dayMs = 86_400_000;

interface Places {
  readonly source: string;
  readonly destination: string;
}

export async function carryRepository(context: Context, places: Places): Promise<ExitStatus> {
  const { io, values } = context;
  const root = await readRequestedRoot(context, stateNameOf(context, places));
  await verifyArchive(context, findImageReference(places.destination), "free");
  const [source, destination] = [openSide(context, "src"), openSide(context, "dest")];
  const cleanUp: (() => Promise<unknown>)[] = [() => source.close(), () => destination.close()];
  try {
    const directory = await mkdtemp(join(tmpdir(), "dtuf-mirror-"));
    cleanUp.push(() => rm(directory, { recursive: true, force: true }));
    const carrier = { context, source, destination, directory, cleanUp };
    const first = await openTufSource(carrier, places.source);
    const opened = [first];
    const mirrors = source.forMirrors();
    cleanUp.push(() => mirrors.close());
    const forMirrors = { ...carrier, source: mirrors, mirrored: first };
    for (const place of values.list("mirror")) opened.push(await openTufSource(forMirrors, place));
    const repository = await verifyRepository({
      source: createMirroredSource(opened.map((each) => each.source)),
      root,
      replace: values.on("replace"),
      directory: await clientState(carrier, places),
      state: values.on("require-state") ? "required" : "best-effort",
      now: io.now,
      signal: io.signal,
      onEvent: (event: CopyEvent) => context.terminal.note(describeEvent(event)),
    });
    noteLeftOut(context, repository);
    const days = values.count("valid-days");
    if (days !== undefined) verifyValidUntil(repository, new Date(io.now().getTime() + days * dayMs));
    return await write(carrier, repository, { to: places.destination, mountable: first.mountable });
  } finally {
    for (const work of cleanUp.toReversed()) await work();
  }
}

/** Of an export the source's name, of an import the destination's. */
function stateNameOf(context: Context, { source, destination }: Places): string | undefined {
  return findStateName(context, source) ?? findStateName(context, destination);
}

function noteLeftOut({ terminal }: Context, { leftOut, targets, delegated }: VerifiedRepository): void {
  if (leftOut !== undefined) terminal.note(describeLeftOut(leftOut, "<repo>"));
  for (const { path, error } of [targets, ...delegated].flatMap(({ unusable }) => unusable)) {
    terminal.note(`left out the target ${path}, which no client of a registry can use: ${error.message}`);
  }
}

/** What was seen is remembered, so that an older source is refused. A dry run remembers nothing. */
async function clientState({ context, directory }: Carrier, { source, destination }: Places): Promise<string> {
  const name = findStateName(context, destination) ?? findStateName(context, source) ?? "archive";
  const isDry = context.values.on("dry-run");
  const root = isDry ? repositoriesRoot(context) : await createRepositoriesRoot(context);
  const kept = stateDirectory(root, name, "mirror");
  if (!isDry) return kept;
  const own = join(directory, "client");
  await cp(kept, own, { recursive: true }).catch((error: unknown) => {
    if (!isErrno(error, "ENOENT")) throw fileError(error, kept);
  });
  return own;
}

interface Writing {
  readonly to: string;
  /** Registry and repository of the source. */
  readonly mountable: { readonly host: string; readonly repository: string } | undefined;
}

async function write(
  carrier: Carrier,
  repository: VerifiedRepository,
  { to, mountable }: Writing,
): Promise<ExitStatus> {
  const { context, directory } = carrier;
  const { io, values } = context;
  const isDocker = values.text("layout") === "docker";
  const destination = await openTufDestination(carrier, to, isDocker ? "docker" : "dtuf");
  const progress = uploadProgress(context, { partial: destination.archive === undefined ? "kept" : "dropped" });
  if (values.on("dry-run")) return finish(context, repository, { to });
  const options = {
    onProgress: progress.onProgress,
    directory: join(directory, "targets"),
    concurrency: values.count("concurrency") ?? 6,
    mountFrom: mountable !== undefined && mountable.host === destination.host ? mountable.repository : undefined,
    signal: io.signal,
  };
  const { store, targets } = destination;
  const written = isDocker
    ? await writeDockerLayout(repository, { ...options, metadata: store, targets })
    : { ...(await writeRepository(repository, { ...options, store })), omitted: [] };
  progress.end();
  for (const name of written.omitted) context.terminal.note(`left out, Docker's layout has no place for it: ${name}`);
  await commitArchive(context, destination, repository);
  await finish(context, repository, { written, to });
  return written.omitted.length === 0 ? 0 : 11;
}

/** A tag of the archive's index says until when it is valid; skopeo and oras read the archive all the same. */
async function commitArchive(
  { io }: Context,
  { archive }: TufDestination,
  repository: VerifiedRepository,
): Promise<void> {
  if (archive === undefined) return;
  await stateValidity(archive.directory, firstToExpire(repository).expires);
  await archive.commit({ signal: io.signal });
}

async function finish(
  { terminal }: Context,
  repository: VerifiedRepository,
  { written, to }: { readonly written?: WrittenRepository; readonly to: string },
): Promise<ExitStatus> {
  const { role, expires } = firstToExpire(repository);
  const status = written?.status ?? "would-copy";
  if (terminal.format === "json") {
    const { digest, transferred } = written ?? {};
    const expirations = Object.fromEntries(repository.expirations);
    const { site, state } = repository;
    await terminal.printJson({ status, digest, transferred, site, state, validUntil: expires, expirations });
  } else {
    const line = `${status}; valid until ${expires.toISOString()} (${role})`;
    if (findImageReference(to)?.text === "-") terminal.report(line);
    else await terminal.print(line);
  }
  return 0;
}
