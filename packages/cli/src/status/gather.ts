/** Asks the registry, and the publisher's state if there is one -> the report. No state is changed. */
import { createStoreSource } from "@dtuf/copy";
import { parseRootFile } from "@dtuf/format";
import type { MasterStatus } from "@dtuf/master";
import type { TargetPath } from "@dtuf/tuf";
import { openRepository, type Connection } from "../connection/connection.ts";
import type { Context } from "../context/command.ts";
import { readRootFile } from "../context/input-file.ts";
import { lookAtMaster } from "../publish/master/master.ts";
import { createNotebook, observeSource, type Notebook } from "./report/asked.ts";
import { lookAsClient, type Seen } from "./report/client-look.ts";
import { createReport } from "./report/create-report.ts";
import type { StatusReport } from "./report/report.ts";
import { describeFailure, type Failure } from "./report/verdict.ts";
import { waitingLines } from "./publisher-status.ts";
import { findView, stateOf, statusOptions, type Manner } from "./views.ts";

export interface Wanted extends Manner {
  readonly repo: string;
  /** A name that was asked for. */
  readonly asked?: TargetPath | undefined;
}

export interface Gathering {
  readonly report: StatusReport;
  /** Of the publisher, if there is one here. */
  readonly status: MasterStatus | undefined;
}

/** @throws what `status` throws if there is neither a publisher's state nor a pinned root */
export async function gather(context: Context, wanted: Wanted): Promise<Gathering> {
  const { repo, asked, mode, withinMs } = wanted;
  const { io, program } = context;
  const [now, notebook] = [io.now(), createNotebook(io.now)];
  const knows = await readKnowledge(context, wanted);
  const connection = await openRepository(context, repo);
  try {
    const { seen, failure } = await look(knows, { connection, notebook, mode, now, signal: io.signal });
    const { status } = knows;
    const isAsked = mode === "online" && failure?.kind !== "unreachable";
    const report = await createReport({
      ...{ place: connection.name, repo, program, now, seen, failure, status, notebook, asked, withinMs },
      waiting: status === undefined ? [] : waitingLines(status, { program, repo }),
      store: isAsked ? connection.store : undefined,
      signal: io.signal,
    });
    return { report, status };
  } finally {
    await connection.close();
  }
}

/** What this machine knows before the registry is asked as a client. */
interface Knowledge {
  readonly status: MasterStatus | undefined;
  readonly failure: Failure | undefined;
  /** Where a client begins. */
  readonly root: Uint8Array | undefined;
  /** The directory of a client's state. */
  readonly state: string | undefined;
}

async function readKnowledge(context: Context, { repo, ...manner }: Wanted): Promise<Knowledge> {
  const view = await findView(context, repo);
  const file = context.values.text("root") ?? "";
  if (file !== "") {
    return { status: undefined, failure: undefined, root: await readRootFile(context, file), state: undefined };
  }
  if (view === "client") {
    return { status: undefined, failure: undefined, root: undefined, state: stateOf(context, repo, "copy") };
  }
  return lookAtMaster(context, repo, async (master) => {
    const options = statusOptions(context, manner);
    let unreachable: Failure | undefined;
    const status = await master.status(options).catch((error: unknown) => {
      unreachable = describeFailure(error);
      if (unreachable.kind !== "unreachable") throw error;
      return master.status({ ...options, registry: "skip" });
    });
    // Clients that pinned the oldest root follow every later one.
    const [root] = parseRootFile(await master.rootChain());
    return { status, failure: unreachable ?? failureOf(status), root, state: undefined };
  });
}

function failureOf({ registry, refusal }: MasterStatus): Failure | undefined {
  if (refusal !== undefined) return { ...refusal, kind: "refused" };
  if (registry === "absent") return { code: "COPY_NOT_PUBLISHED", message: "nothing is there", kind: "absent" };
  return registry === "unchecked" ? { code: "", message: "", kind: "unchecked" } : undefined;
}

interface Place {
  readonly connection: Connection;
  readonly notebook: Notebook;
  readonly mode: Manner["mode"];
  readonly now: Date;
  readonly signal: AbortSignal;
}

interface Look {
  readonly seen: Seen | undefined;
  readonly failure: Failure | undefined;
}

/** What the publisher's state found out counts more than what a client that is installed now would accept. */
async function look(knows: Knowledge, { connection, notebook, mode, now, signal }: Place): Promise<Look> {
  const { failure, root, state, status } = knows;
  const isOffline = mode === "offline";
  if (status !== undefined && (isOffline || failure?.kind === "unreachable" || failure?.kind === "absent")) {
    return { seen: undefined, failure };
  }
  const { store, name, place } = connection;
  const reach = place.kind === "registry" ? "network" : "local";
  const source = observeSource(createStoreSource(store, { name, reach }), notebook);
  const client = { source, root, state, now, signal };
  try {
    const seen = await lookAsClient({ ...client, mode });
    const unchecked: Failure = { code: "", message: "", kind: "unchecked" };
    return { seen, failure: isOffline ? unchecked : failure };
  } catch (error) {
    const found = failure ?? describeFailure(error);
    const isKept = found.kind !== "refused" && state !== undefined && !isOffline;
    const kept = isKept ? await lookAsClient({ ...client, mode: "offline" }).catch(() => undefined) : undefined;
    return { seen: kept, failure: found };
  }
}
