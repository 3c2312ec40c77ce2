/** A TUF repository at any place, verified from its pinned root as a client would. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMirroredSource, type CopyEvent } from "@dtuf/copy";
import { verifyRepository, verifyValidUntil, type VerifiedRepository } from "@dtuf/mirror/tuf";
import { fileError, isErrno } from "@dtuf/registry/files";
import { stateDirectory } from "../../connection/place.ts";
import { createRepositoriesRoot, repositoriesRoot } from "../../connection/repositories-root.ts";
import type { Context } from "../../context/command.ts";
import { describeLeftOut } from "../../context/left-out.ts";
import { dayMs } from "../../context/settings/setting-kinds.ts";
import { describeEvent } from "../../pull/copy.ts";
import { openSide } from "../sync-registries.ts";
import { openTufSource, type Carrier, type TufSource } from "./places.ts";

export interface Wanted {
  readonly source: string;
  readonly root: Uint8Array;
  /** The name of the client state that is used. */
  readonly name: string;
  /**
   * "what-was-seen": the state is kept, so that an older source is refused later. "nothing": it is only read.
   * "afresh": neither, as a client that is installed now.
   */
  readonly remembers: "what-was-seen" | "nothing" | "afresh";
}

export interface Verified {
  readonly repository: VerifiedRepository;
  readonly carrier: Carrier;
  readonly mountable: TufSource["mountable"];
}

/** Everything is closed, and temporary files are removed, when `work` has ended. */
export async function withVerified<Result>(
  context: Context,
  wanted: Wanted,
  work: (verified: Verified) => Promise<Result>,
): Promise<Result> {
  const { values } = context;
  const [source, destination] = [openSide(context, "src"), openSide(context, "dest")];
  const cleanUp: (() => Promise<unknown>)[] = [() => source.close(), () => destination.close()];
  try {
    const directory = await mkdtemp(join(tmpdir(), "dtuf-mirror-"));
    cleanUp.push(() => rm(directory, { recursive: true, force: true }));
    const carrier = { context, source, destination, directory, cleanUp };
    const first = await openTufSource(carrier, wanted.source);
    const opened = [first];
    const mirrors = source.forMirrors();
    cleanUp.push(() => mirrors.close());
    const forMirrors = { ...carrier, source: mirrors, mirrored: first };
    for (const place of values.list("mirror")) opened.push(await openTufSource(forMirrors, place));
    const repository = await verifyRepository({
      source: createMirroredSource(opened.map((each) => each.source)),
      root: wanted.root,
      replace: values.on("replace"),
      directory: await clientState(carrier, wanted),
      state: values.on("require-state") ? "required" : "best-effort",
      now: context.io.now,
      signal: context.io.signal,
      onEvent: (event: CopyEvent) => context.terminal.note(describeEvent(event)),
    });
    noteLeftOut(context, repository, wanted.remembers);
    const until = findValidUntil(context);
    if (until !== undefined && wanted.remembers !== "afresh") verifyValidUntil(repository, until);
    return await work({ repository, carrier, mountable: first.mountable });
  } finally {
    for (const end of cleanUp.toReversed()) await end();
  }
}

/** `--valid-days` from now. */
export function findValidUntil({ io, values }: Context): Date | undefined {
  const days = values.count("valid-days");
  return days === undefined ? undefined : new Date(io.now().getTime() + days * dayMs);
}

async function clientState({ context, directory }: Carrier, { name, remembers }: Wanted): Promise<string> {
  const keeps = remembers === "what-was-seen";
  const root = keeps ? await createRepositoriesRoot(context) : repositoriesRoot(context);
  const kept = stateDirectory(root, name, "mirror");
  if (keeps) return kept;
  const own = join(directory, "client");
  if (remembers === "afresh") return own;
  await cp(kept, own, { recursive: true }).catch((error: unknown) => {
    if (!isErrno(error, "ENOENT")) throw fileError(error, kept);
  });
  return own;
}

/** What only verifies takes no roots along. */
function noteLeftOut(
  { terminal }: Context,
  { leftOut, targets, delegated }: VerifiedRepository,
  remembers: Wanted["remembers"],
): void {
  if (leftOut !== undefined && remembers !== "afresh") terminal.note(describeLeftOut(leftOut, "<repo>"));
  for (const { path, error } of [targets, ...delegated].flatMap(({ unusable }) => unusable)) {
    terminal.note(`left out the target ${path}, which no client of a registry can use: ${error.message}`);
  }
}
