/**
 * SQLite's exclusive lock on a file, through any SQLite module that the runtime has: all of them use the same system locks, so
 * they exclude each other. Node before 24.15 hides SQLite or warns about it; there, a thread with its own options loads it.
 */
import { isBuiltin } from "node:module";
import { versions } from "node:process";
import type { Worker } from "node:worker_threads";

export interface HeldLock {
  release(): Promise<void>;
}

/** Primary result code (https://sqlite.org/rescode.html); undefined if the runtime does not report it. */
export interface SqliteFault {
  readonly code: number | undefined;
  readonly message: string;
}

export interface Sqlite {
  /** Tries once to lock. Creates the file if it does not exist. */
  lock(path: string): Promise<HeldLock | SqliteFault>;
}

/** With the journal in memory and no writes, the file stays empty and SQLite creates no other files. */
const statements = "PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE";

let loading: Promise<Sqlite> | undefined;

/** Loaded at the first lock, because it takes time. */
export function loadSqlite(): Promise<Sqlite> {
  return (loading ??= load());
}

async function load(): Promise<Sqlite> {
  if (isHiddenOrWarns()) return createThread();
  if (isBuiltin("node:sqlite")) {
    const { DatabaseSync } = await import("node:sqlite");
    return lockHere((path) => new DatabaseSync(path, { timeout: 0 }));
  }
  // Bun had its own module before it had `node:sqlite`. Bundlers must not resolve it.
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

/** A string, because a bundler would not include a separate file. */
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

/** SQLite in a thread started with the options it needs. Its code is a string, so that a bundle needs no second file. */
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

/** The thread keeps the program running only while a call is pending. */
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

/** The messages of runtimes without result codes. */
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
