/** One operation on the state directory: it holds the lock, has one instant, and unlocks each key once. */
import { join } from "node:path";
import { createDirectory, withLock } from "@dtuf/registry/files";
import { openRepository, parseRepositoryLocation, type OpenedRepository } from "@dtuf/registry/repository";
import type { Signer } from "@dtuf/tuf";
import type { MasterOptions, MasterPlace, MasterSettings, MasterStore } from "../options.ts";
import { MasterError } from "../errors.ts";
import { createKeyDirectory, type KeyDirectory } from "../keys/key-directory.ts";
import { createKeyRing, type KeyRing } from "../keys/key-ring.ts";
import { defaultConcurrency } from "../limits.ts";
import { defaultLifetimesMs, type Instant } from "../documents/plan.ts";
import { createTeamFiles, type TeamFiles } from "./team-files.ts";
import { createStateDirectory, type StateDirectory } from "./state-directory.ts";
import type { State } from "./state.ts";

export interface Operation extends Instant {
  readonly store: MasterStore;
  readonly place: string;
  readonly files: StateDirectory;
  readonly team: TeamFiles;
  readonly keys: KeyDirectory;
  readonly ring: KeyRing;
  /** The signers that the caller gave. */
  readonly signers: readonly Signer[];
  readonly concurrency: number;
  readonly signal: AbortSignal | undefined;
  /** The record as last saved; undefined if there is none yet. */
  readonly record: State | undefined;
  /** @throws MasterError MASTER_METADATA_MISSING */
  state(): State;
  save(state: State): Promise<void>;
}

/** What all operations share: the options, validated once. */
export interface Workplace {
  /** Runs without the lock. If a publication deleted a file that the work was reading, the work is repeated. */
  readonly look: <T>(signal: AbortSignal | undefined, work: (operation: Operation) => Promise<T>) => Promise<T>;
  /** @throws FileError FILE_LOCKED; MasterError MASTER_PLACE_DIFFERS */
  readonly alone: <T>(signal: AbortSignal | undefined, work: (operation: Operation) => Promise<T>) => Promise<T>;
  /** Like `alone`, but the state may record another place. */
  readonly aloneAnywhere: Workplace["alone"];
  readonly close: () => Promise<void>;
}

export function createWorkplace(options: MasterOptions): Workplace {
  const { directory, lock: wait = "wait", onLockWait: onWait } = options;
  const lifetimesMs = { ...defaultLifetimesMs, ...definedOnly(options.lifetimesMs) };
  for (const [role, lifetime] of Object.entries(lifetimesMs)) {
    if (!Number.isFinite(lifetime) || lifetime < 1000) throw new TypeError(`lifetimesMs.${role} must be 1000 or more`);
  }
  const concurrency = options.concurrency ?? defaultConcurrency;
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new TypeError("concurrency must be 1 or more");
  const place = createMasterPlace(options);
  const files = createStateDirectory(directory);
  const open = async (signal: AbortSignal | undefined): Promise<Operation> =>
    openOperation({ ...options, ...(await place.open()), files, lifetimesMs, concurrency, signal });
  const aloneAnywhere: Workplace["alone"] = async (signal, work) => {
    await createDirectory(directory, { mode: 0o700 });
    return withLock(join(directory, "lock"), { wait, onWait, signal }, async () => work(await open(signal)));
  };

  return {
    close: place.close,
    async look(signal, work) {
      for (;;) {
        const operation = await open(signal);
        try {
          return await work(atItsPlace(operation));
        } catch (error) {
          if (!MasterError.is(error) || error.code !== "MASTER_STATE_INVALID" || (await isCurrent(operation)))
            throw error;
        }
      }
    },
    aloneAnywhere,
    alone: (signal, work) => aloneAnywhere(signal, (operation) => work(atItsPlace(operation))),
  };
}

interface OpenedPlace {
  readonly open: () => Promise<MasterPlace>;
  readonly close: () => Promise<void>;
}

/** The first operation opens a repository that is given by name. */
function createMasterPlace(options: MasterOptions): OpenedPlace {
  if (options.store !== undefined) {
    const { store, place } = options;
    return { open: () => Promise.resolve({ store, place }), close: () => Promise.resolve() };
  }
  const { repository } = options;
  parseRepositoryLocation(repository);
  let opened: Promise<OpenedRepository<MasterStore>> | undefined;
  return {
    async open() {
      opened ??= openRepository(repository, options);
      return { store: (await opened).store, place: repository };
    },
    async close() {
      const open = opened;
      opened = undefined;
      await (await open)?.close();
    },
  };
}

type OpenOptions = MasterSettings & MasterPlace & Pick<Operation, "files" | "lifetimesMs" | "concurrency" | "signal">;

async function openOperation(options: OpenOptions): Promise<Operation> {
  const { store, place, files, directory, passphrase, signal, lifetimesMs, concurrency } = options;
  const signers: readonly Signer[] = options.signers ?? [];
  const keys = createKeyDirectory({ directory, passphrase });
  const now = options.now?.() ?? new Date();
  let record = await files.findRecord();
  return {
    ...{
      store,
      place,
      files,
      keys,
      ring: createKeyRing(keys, signers),
      signers,
      signal,
      concurrency,
      now,
      lifetimesMs,
    },
    team: createTeamFiles(directory),
    get record() {
      return record;
    },
    state() {
      if (record !== undefined) return record;
      throw new MasterError("MASTER_METADATA_MISSING", `${directory} has no metadata yet`, { details: { directory } });
    },
    async save(state) {
      const saved = { ...state, knownPast: later(state.knownPast, now) };
      await files.saveRecord(saved);
      record = saved;
    },
  };
}

function later(known: Date | undefined, now: Date): Date {
  return known !== undefined && known > now ? known : now;
}

async function isCurrent({ files, record }: Operation): Promise<boolean> {
  return JSON.stringify(await files.findRecord()) === JSON.stringify(record);
}

/** @throws MasterError MASTER_PLACE_DIFFERS */
function atItsPlace(operation: Operation): Operation {
  const { record, place: got } = operation;
  const wanted = record?.place ?? got;
  if (wanted === got) return operation;
  throw new MasterError("MASTER_PLACE_DIFFERS", `this state publishes to ${wanted}, not to ${got}`, {
    details: { wanted, got },
  });
}

function definedOnly(given: MasterOptions["lifetimesMs"]): Partial<Instant["lifetimesMs"]> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, lifetime]) => lifetime !== undefined));
}
