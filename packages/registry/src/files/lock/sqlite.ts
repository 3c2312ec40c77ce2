/**
 * SQLite's exclusive lock on a file, in whichever way the runtime has SQLite: all of them take the same system locks, so
 * they exclude each other. Node before 24.15 hides SQLite or warns of it: there a thread with options of its own loads it.
 */
import { isBuiltin } from "node:module";
import { versions } from "node:process";
import type { Worker } from "node:worker_threads";

export interface HeldLock {
  release(): Promise<void>;
}

/** https://sqlite.org/rescode.html: the primary result code; undefined if the runtime does not say. */
export interface SqliteFault {
  readonly code: number | undefined;
  readonly message: string;
}

export interface Sqlite {
  /** One attempt. Creates the file if it is not there. */
  lock(path: string): Promise<HeldLock | SqliteFault>;
}

/** With the journal in memory and nothing ever written, the file stays empty and has no companions. */
const statements = "PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE";

let loading: Promise<Sqlite> | undefined;

/** Loaded at the first lock: a program that takes none does not pay for it. */
export function loadSqlite(): Promise<Sqlite> {
  return (loading ??= load());
}

async function load(): Promise<Sqlite> {
  if (isHiddenOrWarns()) return createThread();
  if (isBuiltin("node:sqlite")) {
    const { DatabaseSync } = await import("node:sqlite");
    return lockHere((path) => new DatabaseSync(path, { timeout: 0 }));
  }
  // Before it had `node:sqlite`, Bun had a module of its own. A bundler is not to look for it.
  const name = "bun:sqlite";
  const { Database } = (await import(name)) as { readonly Database: new (path: string) => Database };
  return lockHere((path) => new Database(path));
}

function isHiddenOrWarns(): boolean {
  if (versions["bun"] !== undefined || versions["deno"] !== undefined) return false;
  const [major = 0, minor = 0] = versions.node.split(".").map(Number);
  return major < 24 || major === 25 || (major === 24 && minor < 15);
}

interface Database {
  exec(sql: string): unknown;
  close(): void;
}

function lockHere(open: (path: string) => Database): Sqlite {
  return {
    async lock(path) {
      let database: Database | undefined;
      try {
        const opened = (database = open(path));
        opened.exec(statements);
        return { release: async () => opened.close() };
      } catch (error) {
        database?.close();
        return describeFault(error);
      }
    },
  };
}

/** Text, because a bundler would not carry a file along. */
const threadSource = `
  const { parentPort } = require("node:worker_threads");
  const { DatabaseSync } = require("node:sqlite");
  const held = new Map();
  parentPort.on("message", ({ id, path }) => {
    if (path === undefined) {
      held.get(id).close();
      held.delete(id);
      return parentPort.postMessage({ id });
    }
    let database;
    try {
      database = new DatabaseSync(path, { timeout: 0 });
      database.exec(${JSON.stringify(statements)});
      held.set(id, database);
      parentPort.postMessage({ id });
    } catch ({ errcode, message }) {
      database?.close();
      parentPort.postMessage({ id, fault: { errcode, message } });
    }
  });`;

interface Answer {
  readonly id: number;
  readonly fault?: { readonly errcode?: number; readonly message: string };
}

/** SQLite in a thread that was started with the options it needs; text, so that a bundle needs no second file. */
export async function createThread(): Promise<Sqlite> {
  const { Worker: Thread } = await import("node:worker_threads");
  const execArgv = ["--experimental-sqlite", "--disable-warning=ExperimentalWarning"];
  const thread = new Thread(threadSource, { eval: true, execArgv });
  const ask = createAsking(thread);
  let locks = 0;
  return {
    async lock(path) {
      const id = ++locks;
      const { fault } = await ask({ id, path });
      return fault === undefined ? { release: async () => void (await ask({ id })) } : describeFault(fault);
    },
  };
}

/** The thread keeps the program alive only while an answer is due. */
function createAsking(thread: Worker): (question: { id: number; path?: string }) => Promise<Answer> {
  const asked = new Map<number, PromiseWithResolvers<Answer>>();
  thread.unref();
  thread.on("message", (answer: Answer) => {
    asked.get(answer.id)?.resolve(answer);
    asked.delete(answer.id);
    if (asked.size === 0) thread.unref();
  });
  thread.on("error", (error) => {
    for (const { reject } of asked.values()) reject(error);
    asked.clear();
    loading = undefined;
  });
  return (question) => {
    const due = Promise.withResolvers<Answer>();
    asked.set(question.id, due);
    thread.ref();
    thread.postMessage(question);
    return due.promise;
  };
}

/** What runtimes without result codes say. */
const messages: readonly (readonly [RegExp, number])[] = [
  [/database is locked/, 5],
  [/readonly database/, 8],
  [/disk is full/, 13],
  [/unable to open/, 14],
  [/not a database|malformed/, 26],
];

function describeFault(error: unknown): SqliteFault {
  const { errcode, errno, message } = error as { errcode?: unknown; errno?: unknown; message?: unknown };
  const text = String(message);
  const code = [errcode, errno].find((each) => typeof each === "number");
  const told = messages.find(([pattern]) => pattern.test(text))?.[1];
  return { code: code === undefined ? told : code & 0xff, message: text };
}
