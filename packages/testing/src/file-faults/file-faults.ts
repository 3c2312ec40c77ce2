/**
 * Makes one of the file system calls on one directory fail, or kills the process at it. The program under test is not
 * changed: Node's file functions are replaced once, when a fault is first armed.
 *
 * An error can hit any call. A kill hits changes of the disk: it happens before each change, and once more in the middle of
 * a write. A kill at any other call has the same effect as one before the next change.
 *
 * SQLite's own calls (the lock) do not use Node's file functions and are not counted.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { sep } from "node:path";
import { createUnsyncedFiles } from "./unsynced.ts";

/** `kill`: SIGKILL · `cut`: the same, and bytes that were not fsynced are lost · `full`: ENOSPC from that call on · otherwise that error, once. Only calls that need space can get ENOSPC. */
export type FileFaultKind = "kill" | "cut" | "full" | "ENOSPC" | "EDQUOT" | "EIO" | "EROFS" | "EACCES";

export interface FileFault {
  /** Only calls on this directory, below it, and on files opened there count. */
  readonly root: string;
  readonly kind: FileFaultKind;
  /** The call that fails, from 1: a call that can have this fault, or for `kill` and `cut` a moment. If undefined, calls are only counted. */
  readonly at?: number | undefined;
}

export interface ArmedFault {
  readonly count: () => number;
  /** How many files opened since are still open. */
  readonly countOpenFiles: () => number;
  readonly disarm: () => void;
}

type Call = (this: unknown, ...args: unknown[]) => unknown;
type Style = "promise" | "sync" | "callback";

interface Invocation {
  readonly name: string;
  readonly call: Call;
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly style: Style;
}

const pathCalls =
  "access chmod copyFile cp link lstat mkdir mkdtemp open opendir readFile readdir readlink realpath rename rm rmdir stat symlink truncate unlink utimes writeFile appendFile";
const descriptorCalls = "close fchmod fdatasync fstat fsync ftruncate futimes read readv write writev";
const handleCalls =
  "appendFile chmod close datasync read readFile readv stat sync truncate utimes write writeFile writev";
const harmless =
  /^(access|close|datasync|fdatasync|fstat|fsync|lstat|opendir|read|readdir|readFile|readlink|readv|realpath|stat|sync)(Sync)?$/;
const freeing = /^(rm|rmdir|unlink|chmod|utimes|fchmod|futimes|truncate|ftruncate)(Sync)?$/;
const flushing = /^(sync|datasync|fsync|fdatasync)(Sync)?$/;

const watchedHandles = new Set<object>();
const watchedDescriptors = new Set<unknown>();
const unsynced = createUnsyncedFiles();
let armed: (FileFault & { count: number }) | undefined;
let patched = false;

/** One fault at a time in a process. */
export async function armFileFault(fault: FileFault): Promise<ArmedFault> {
  if (!patched) await patchFileCalls();
  if (armed !== undefined) throw new TypeError(`a fault is armed already, in ${armed.root}`);
  const current = { ...fault, count: 0 };
  armed = current;
  const disarm = (): void => {
    armed = undefined;
    watchedHandles.clear();
    watchedDescriptors.clear();
  };
  const isOpen = (handle: object): boolean => "fd" in handle && handle.fd !== -1;
  return { count: () => current.count, countOpenFiles: () => [...watchedHandles].filter(isOpen).length, disarm };
}

function isWatchedPath(value: unknown): boolean {
  const path = value instanceof URL ? value.pathname : value;
  if (typeof path !== "string" || armed === undefined) return false;
  return path === armed.root || path.startsWith(`${armed.root}${sep}`);
}

const byPath = ({ args }: Invocation): boolean => args.slice(0, 2).some(isWatchedPath);
const byDescriptor = ({ args }: Invocation): boolean => watchedDescriptors.has(args[0]);
const byHandle = ({ self }: Invocation): boolean =>
  typeof self === "object" && self !== null && watchedHandles.has(self);

interface Patch {
  readonly target: object;
  readonly style: Style;
  readonly watched: (invocation: Invocation) => boolean;
}

function patch(names: readonly string[], { target, style, watched }: Patch): void {
  for (const name of names) {
    const original: unknown = Reflect.get(target, name);
    if (typeof original !== "function") continue;
    const call = original as Call;
    Reflect.set(target, name, function replaced(this: unknown, ...args: unknown[]): unknown {
      const invocation = { name, call, self: this, args, style };
      if (armed === undefined || !watched(invocation)) return Reflect.apply(call, this, args);
      const error = isEnd(armed.kind) ? killAtMoment(invocation) : findError(invocation);
      return error === undefined ? proceed(invocation) : fail(invocation, error);
    });
  }
}

const isEnd = (kind: FileFaultKind): boolean => kind === "kill" || kind === "cut";

/** Counts files opened below the root. */
function proceed({ name, call, self, args, style }: Invocation): unknown {
  unsynced.note(name, self, args);
  const result = Reflect.apply(call, self, style === "callback" ? rememberLater(name, args) : args);
  if (name === "openSync") watchedDescriptors.add(result);
  if (name !== "open" || !(result instanceof Promise)) return result;
  return result.then((handle: object) => {
    watchedHandles.add(handle);
    unsynced.opened(handle, args[0]);
    return handle;
  });
}

function rememberLater(name: string, args: readonly unknown[]): unknown[] {
  const callback = args.at(-1);
  if (name !== "open" || typeof callback !== "function") return [...args];
  return [
    ...args.slice(0, -1),
    (error: unknown, descriptor: unknown): unknown => {
      watchedDescriptors.add(descriptor);
      return Reflect.apply(callback, undefined, [error, descriptor]);
    },
  ];
}

function findError({ name, args }: Invocation): Error | undefined {
  if (armed === undefined) return undefined;
  const { kind, at = Number.POSITIVE_INFINITY } = armed;
  if (/^(full|ENOSPC|EDQUOT)$/.test(kind) && !needsSpace(name, args)) return undefined;
  armed.count++;
  if (kind === "full" ? armed.count < at : armed.count !== at) return undefined;
  const code = kind === "full" ? "ENOSPC" : kind;
  const errno = -(new Map<string, number>(Object.entries(os.constants.errno)).get(code) ?? 0);
  return Object.assign(new Error(`${code}: injected, ${name}`), { code, errno, syscall: name });
}

function fail({ name, style, args, call, self }: Invocation, error: Error): unknown {
  // A failing close closes the file all the same.
  if (name.startsWith("close")) void Reflect.apply(call, self, args);
  if (style === "promise") return Promise.reject(error);
  if (style === "sync") throw error;
  const callback = args.at(-1);
  return queueMicrotask(() => typeof callback === "function" && Reflect.apply(callback, undefined, [error]));
}

function killAtMoment({ name, self, args }: Invocation): undefined {
  if (armed === undefined || !isChange(name, args)) return;
  if (++armed.count === armed.at) die();
  const [bytes, offset = 0] = args;
  const descriptor = typeof self === "object" && self !== null && "fd" in self ? self.fd : undefined;
  if (name !== "write" || !(bytes instanceof Uint8Array) || typeof descriptor !== "number") return;
  if (++armed.count !== armed.at) return;
  const rest = bytes.subarray(Number(offset));
  fs.writeSync(descriptor, rest, 0, rest.length >> 1);
  die();
}

function isChange(name: string, [path, flags = "r"]: readonly unknown[]): boolean {
  if (name === "mkdir") return !fs.existsSync(String(path));
  if (name !== "open" && name !== "openSync") return !harmless.test(name);
  return typeof flags === "number" ? (flags & (fs.constants.O_CREAT | fs.constants.O_TRUNC)) !== 0 : flags !== "r";
}

const needsSpace = (name: string, args: readonly unknown[]): boolean =>
  flushing.test(name) || (isChange(name, args) && !freeing.test(name));

function die(): never {
  if (armed?.kind === "cut") {
    armed = undefined;
    unsynced.lose();
  }
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable: killed");
}

async function patchFileCalls(): Promise<void> {
  patched = true;
  const handle = await fs.promises.open(process.execPath);
  const handlePrototype: object = Object.getPrototypeOf(handle);
  await handle.close();
  const names = (list: string): readonly string[] => list.split(" ");
  const sync = (list: string): readonly string[] => names(list).map((name) => `${name}Sync`);
  patch(names(pathCalls), { target: fs.promises, style: "promise", watched: byPath });
  patch(names(handleCalls), { target: handlePrototype, style: "promise", watched: byHandle });
  patch(sync(pathCalls), { target: fs, style: "sync", watched: byPath });
  patch(sync(descriptorCalls), { target: fs, style: "sync", watched: byDescriptor });
  patch(names(pathCalls), { target: fs, style: "callback", watched: byPath });
  patch(names(descriptorCalls), { target: fs, style: "callback", watched: byDescriptor });
  syncBuiltinESMExports();
}
