/** `sync --tuf`, `export`, `import`: a TUF repository is verified from its pinned root and written somewhere else. */
import { join } from "node:path";
import { findImageReference } from "@dtuf/mirror";
import {
  firstToExpire,
  stateValidity,
  writeDockerLayout,
  writeRepository,
  type VerifiedRepository,
  type WrittenRepository,
} from "@dtuf/mirror/tuf";
import type { Context, ExitStatus } from "../../context/command.ts";
import { describeInstant } from "../../context/time.ts";
import { uploadProgress } from "../../context/progress/upload-progress.ts";
import { verifyArchive } from "../archive-file.ts";
import { findStateName, openTufDestination, type Carrier, type TufDestination } from "./places.ts";
import { readRequestedRoot } from "./requested-root.ts";
import { withVerified } from "./verified-source.ts";

interface Places {
  readonly source: string;
  readonly destination: string;
}

export async function carryRepository(context: Context, { source, destination }: Places): Promise<ExitStatus> {
  const [from, to] = [findStateName(context, source), findStateName(context, destination)];
  // Of an export the source's name, of an import the destination's.
  const root = await readRequestedRoot(context, from ?? to);
  await verifyArchive(context, findImageReference(destination), "free");
  const remembers = context.values.on("dry-run") ? "nothing" : "what-was-seen";
  return withVerified(context, { source, root, name: to ?? from ?? "archive", remembers }, (verified) =>
    write(verified.carrier, verified.repository, { to: destination, mountable: verified.mountable }),
  );
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
  { io, terminal }: Context,
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
    const line = `${status}; valid until ${describeInstant(expires, io.now())} (${role})`;
    if (findImageReference(to)?.text === "-") terminal.report(line);
    else await terminal.print(line);
  }
  return 0;
}
