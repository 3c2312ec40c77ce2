/**
 * Loaded into a child process with `node --import`: counts the file system calls that concern one directory, and makes
 * one of them fail or be the last thing that the process does. The program under test does not know.
 *
 *   DTUF_FAULT_ROOT        paths below it count, and files opened there
 *   DTUF_FAULT_CALL        which call, from 1; none: only count
 *   DTUF_FAULT_KIND        kill: SIGKILL before the call, a write half done · kill-after · ENOSPC, EIO…: that error
 *   DTUF_FAULT_COUNT_FILE  where to write the number of calls at the end
 *
 * SQLite's own calls (the lock) do not pass through Node's file functions and are not counted.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";

type Call = (this: unknown, ...args: unknown[]) => unknown;
type Style = "promise" | "sync" | "callback";

const root = process.env["DTUF_FAULT_ROOT"] ?? "/";
const faultCall = Number(process.env["DTUF_FAULT_CALL"] ?? 0);
const kind = process.env["DTUF_FAULT_KIND"] ?? "kill";
const countFile = process.env["DTUF_FAULT_COUNT_FILE"];
const writeFileSync = fs.writeFileSync.bind(fs);

let calls = 0;
const watchedHandles = new WeakSet<object>();
const watchedDescriptors = new Set<unknown>();

const pathCalls =
  "access chmod copyFile cp link lstat mkdir mkdtemp open opendir readFile readdir readlink realpath rename rm rmdir stat symlink truncate unlink utimes writeFile appendFile";
const descriptorCalls = "close fchmod fdatasync fstat fsync ftruncate futimes read readv write writev";
const handleCalls =
  "appendFile chmod close datasync read readFile readv stat sync truncate utimes write writeFile writev";

function isWatchedPath(value: unknown): boolean {
  const path = value instanceof URL ? value.pathname : value;
  return typeof path === "string" && (path === root || path.startsWith(`${root}/`));
}

const byPath = (_self: unknown, args: readonly unknown[]): boolean => args.slice(0, 2).some(isWatchedPath);
const byDescriptor = (_self: unknown, args: readonly unknown[]): boolean => watchedDescriptors.has(args[0]);
const byHandle = (self: unknown): boolean => typeof self === "object" && self !== null && watchedHandles.has(self);

interface Patch {
  readonly target: object;
  readonly style: Style;
  readonly watched: (self: unknown, args: readonly unknown[]) => boolean;
}

function patch(names: readonly string[], { target, style, watched }: Patch): void {
  for (const name of names) {
    const original: unknown = Reflect.get(target, name);
    if (typeof original !== "function") continue;
    const call = original as Call;
    Reflect.set(target, name, function patched(this: unknown, ...args: unknown[]): unknown {
      if (!watched(this, args)) return Reflect.apply(call, this, args);
      calls++;
      if (calls === faultCall) return fault(name, style, { call, self: this, args });
      return remember(name, Reflect.apply(call, this, style === "callback" ? rememberLater(name, args) : args));
    });
  }
}

/** Files that were opened below the root count from then on. */
function remember(name: string, result: unknown): unknown {
  if (name === "openSync") watchedDescriptors.add(result);
  if (name !== "open" || !(result instanceof Promise)) return result;
  return result.then((handle: object) => {
    watchedHandles.add(handle);
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

function fault(
  name: string,
  style: Style,
  { call, self, args }: { readonly call: Call; readonly self: unknown; readonly args: readonly unknown[] },
): unknown {
  if (kind === "kill") return tear(name, self, args);
  if (kind === "kill-after") {
    const result = Reflect.apply(call, self, args);
    return result instanceof Promise ? result.finally(die) : die();
  }
  const errno = -(new Map<string, number>(Object.entries(os.constants.errno)).get(kind) ?? 0);
  const error = Object.assign(new Error(`${kind}: injected, ${name}`), { code: kind, errno, syscall: name });
  if (style === "promise") return Promise.reject(error);
  if (style === "sync") throw error;
  const callback = args.at(-1);
  return queueMicrotask(() => typeof callback === "function" && Reflect.apply(callback, undefined, [error]));
}

function tear(name: string, self: unknown, args: readonly unknown[]): never {
  const [bytes, offset = 0] = args;
  const descriptor = typeof self === "object" && self !== null && "fd" in self ? self.fd : undefined;
  if (name === "write" && bytes instanceof Uint8Array && typeof descriptor === "number") {
    fs.writeSync(descriptor, bytes.subarray(Number(offset)), 0, bytes.length >> 1);
  }
  return die();
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable: killed");
}

const handle = await fs.promises.open(import.meta.filename);
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

process.on("exit", () => {
  if (countFile !== undefined) writeFileSync(countFile, String(calls));
});
