/**
 * Chromium without a window: DTUF_CHROMIUM, the system's own, or Debian's, unpacked into the cache with what the system lacks
 * of its libraries. It is driven over a pipe (the DevTools protocol), so that it listens nowhere.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { fetchDebianPackages } from "./debian-packages.ts";

const run = promisify(execFile);

export interface Chromium extends AsyncDisposable {
  open(url: string, screen: BrowserScreen): Promise<BrowserPage>;
}

export interface BrowserScreen {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  /** "off": the browser runs no script of pages. */
  readonly scripts: "on" | "off";
}

export interface BrowserPage {
  /** The value of a JavaScript expression, asked by the driver, which needs no script of the page. */
  evaluate<T>(expression: string): Promise<T>;
  press(key: "Tab" | "Enter" | "Space"): Promise<void>;
  /** What is on the screen, as PNG. */
  screenshot(): Promise<Buffer>;
  /** Addresses that the page asked for, and what the console says. */
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

interface Program {
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

const file = "usr/lib/chromium/chromium";

async function findChromium(cacheDirectory: string): Promise<Program> {
  for (const installed of [process.env["DTUF_CHROMIUM"] ?? "", "chromium"].filter((name) => name !== "")) {
    const works = await run(installed, ["--version"]).then(
      () => true,
      () => false,
    );
    if (works) return { file: installed, environment: {} };
  }
  const root = resolve(cacheDirectory, "chromium");
  const isThere = await access(join(root, file)).then(
    () => true,
    () => false,
  );
  if (!isThere) await fetchDebianPackages({ cacheDirectory, packages: await missingPackages(), file });
  return { file: join(root, file), environment: { LD_LIBRARY_PATH: join(root, "usr/lib/x86_64-linux-gnu") } };
}

/** Chromium first, then what the system lacks. */
async function missingPackages(): Promise<readonly [string, ...string[]]> {
  const words = ["--simulate", "--no-install-recommends", "install", "chromium"];
  const { stdout } = await run("apt-get", words, { maxBuffer: 1 << 26 });
  const names = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name);
  return ["chromium", ...names.filter((name) => name !== "chromium")];
}

export async function startChromium({ cacheDirectory }: { readonly cacheDirectory: string }): Promise<Chromium> {
  const program = await findChromium(cacheDirectory);
  const profile = await mkdtemp(join(tmpdir(), "dtuf-chromium-"));
  const words = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars"];
  // Chromium's own sandbox does not start as root, and what it opens here are our pages.
  const child = spawn(program.file, [...words, "--no-sandbox", `--user-data-dir=${profile}`], {
    env: { ...process.env, ...program.environment },
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const driver = createDriver(child);
  return {
    open: (url, screen) => openPage(driver, url, screen),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      await driver.call("Browser.close", {}).catch(() => child.kill());
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

interface Driver {
  call(method: string, fields: Fields, session?: string): Promise<Record<string, unknown>>;
  onEvent(listener: (event: DriverEvent) => void): void;
}

interface DriverEvent {
  readonly method: string;
  readonly sessionId?: string;
  readonly params: Record<string, unknown>;
}

interface Waiting {
  readonly resolve: (result: Record<string, unknown>) => void;
  readonly reject: (error: Error) => void;
}

/** JSON documents with a NUL behind each. */
function createDriver(child: ChildProcess): Driver {
  const [input, output] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, Waiting>();
  const listeners: ((event: DriverEvent) => void)[] = [];
  let [last, rest] = [0, ""];
  input.on("error", () => undefined);
  child.once("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error("Chromium has ended"));
  });
  output.setEncoding("utf8").on("data", (chunk: string) => {
    const texts = (rest + chunk).split("\0");
    rest = texts.pop() ?? "";
    for (const text of texts)
      receive(JSON.parse(text) as DriverEvent & { id?: number; result?: never; error?: Fields });
  });
  const receive = (message: DriverEvent & { id?: number; result?: Record<string, unknown>; error?: Fields }): void => {
    const { id, result = {}, error } = message;
    if (id === undefined) for (const listener of listeners) listener(message);
    else if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(JSON.stringify(error)));
    if (id !== undefined) waiting.delete(id);
  };
  return {
    onEvent: (listener) => void listeners.push(listener),
    call: (method, params, sessionId) =>
      new Promise((answered, reject) => {
        last += 1;
        waiting.set(last, { resolve: answered, reject });
        input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
      }),
  };
}

async function openPage(driver: Driver, url: string, screen: BrowserScreen): Promise<BrowserPage> {
  const { width, height, scheme, scripts } = screen;
  const { targetId } = await driver.call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await driver.call("Target.attachToTarget", { targetId, flatten: true });
  const call = (method: string, fields: Fields = {}): Promise<Record<string, unknown>> =>
    driver.call(method, fields, String(sessionId));
  const [requests, complaints]: [string[], string[]] = [[], []];
  const loaded = new Promise<void>((done) => {
    driver.onEvent((event) => {
      if (event.sessionId !== sessionId) return;
      if (event.method === "Page.loadEventFired") done();
      const { request, entry } = event.params as { request?: { url: string }; entry?: { text: string } };
      if (event.method === "Network.requestWillBeSent" && request !== undefined) requests.push(request.url);
      if (event.method === "Log.entryAdded" && entry !== undefined) complaints.push(entry.text);
    });
  });
  for (const domain of ["Page", "Network", "Log", "Runtime"]) await call(`${domain}.enable`);
  await call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  if (scripts === "off") await call("Emulation.setScriptExecutionDisabled", { value: true });
  await call("Page.navigate", { url });
  await loaded;
  return {
    requests,
    complaints,
    async evaluate<T>(expression: string) {
      const { result } = await call("Runtime.evaluate", { expression, returnByValue: true });
      return (result as { value: T }).value;
    },
    async press(key) {
      const [code, text] = key === "Tab" ? [9, undefined] : key === "Enter" ? [13, "\r"] : [32, " "];
      const event = { key: key === "Space" ? " " : key, code: key, windowsVirtualKeyCode: code };
      await call("Input.dispatchKeyEvent", { type: "keyDown", ...event, ...(text === undefined ? {} : { text }) });
      await call("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    async screenshot() {
      const { data } = await call("Page.captureScreenshot", { format: "png" });
      return Buffer.from(String(data), "base64");
    },
  };
}
