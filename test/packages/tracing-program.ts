/**
 * A program that pulls, with its own tracing: prints every message of every channel as a JSON line. What it prints is a copy,
 * because a message changes until its work ends. Run as JavaScript, in the runtimes that programs use.
 */
import { subscribe, tracingChannel } from "node:diagnostics_channel";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCopy } from "@dtuf/copy";
import { createStaticCredentials } from "@dtuf/registry/remote";

const [repository = "", rootFile = "", username = "", password = "", listening = ""] = process.argv.slice(2);
const spans = ["dtuf:registry:request", "dtuf:copy:refresh", "dtuf:copy:save", "dtuf:copy:open"];

function print(channel: string, part: string, message: unknown): void {
  const { error, ...told } = message as { readonly error?: { readonly code?: string; readonly message?: string } };
  const fault = error === undefined ? {} : { error: `${error.code}: ${error.message}` };
  console.log(JSON.stringify({ channel, part, ...told, ...fault }));
}

if (listening === "listening") {
  for (const name of spans) {
    tracingChannel(name).subscribe({
      start: (message) => print(name, "start", message),
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: (message) => print(name, "asyncEnd", message),
      error: (message) => print(name, "error", message),
    });
  }
  subscribe("dtuf:registry:attempt", (message) => print("dtuf:registry:attempt", "", message));
}

const directory = await mkdtemp(join(tmpdir(), "dtuf-tracing-"));
const root = await readFile(rootFile);
const credentials = createStaticCredentials({ kind: "basic", username, password });
const access = { scheme: "http", credentials } as const;
const copy = createCopy({ repository, root, directory, ...access });
await copy.pullMetadata();
const target = await copy.findTarget("demo.txt");
if (target === undefined) throw new Error("there is no demo.txt");
await copy.saveTarget(target, join(directory, "demo.txt"));
for await (const chunk of await copy.openTarget(target)) console.error(chunk.length);
await copy.close();
const none = createCopy({ repository: `${repository}-none`, root, directory: join(directory, "none"), ...access });
await none.pullMetadata().catch(() => undefined);
await none.close();
