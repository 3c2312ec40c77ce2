import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { PinOffer, RefreshResult } from "@dtuf/copy";
import { collect } from "@dtuf/registry";
import type { Context, Run } from "../context/command.ts";
import { copyProgress, refreshMode, withCopy } from "./copy.ts";
import { UsageError } from "../context/usage.ts";

/** A pin is a root.json or a few PEM keys; TUF's own bound for a root is half of this. */
const pinMaxBytes = 1024 * 1024;

export const run: Run = async (context, [repo = "", ...files]) => {
  const pin = await readPin(context, files);
  const progress = copyProgress(context);
  return withCopy(context, repo, async (copy) => {
    const result = await copy.pullMetadata({
      pin,
      mode: refreshMode(context),
      replace: context.values.on("replace") ? "replace" : "same-chain",
      signal: context.io.signal,
      onProgress: progress.onProgress,
    });
    progress.end();
    await report(context, result, pin);
  });
};

async function report({ terminal }: Context, result: RefreshResult, pin: PinOffer | undefined): Promise<void> {
  const { previousPin, status, updatedTargets } = result;
  if (pin?.kind === "keys") {
    terminal.note(
      `pinned root version ${result.pin.version}, sha256 ${result.pin.fingerprint}: every key listed in it is trusted now, ` +
        "the given ones are not consulted again",
    );
  }
  if (previousPin !== undefined) {
    terminal.note(`the pin was root sha256 ${previousPin.fingerprint} and is now ${result.pin.fingerprint}`);
  }
  if (terminal.format === "json") {
    const [expirations, versions] = [Object.fromEntries(result.expirations), Object.fromEntries(result.versions)];
    return terminal.printJson({ status, updatedTargets, expirations, versions, pin: result.pin, site: result.site });
  }
  for (const target of updatedTargets) await terminal.printName(target);
}

/** @throws UsageError for something that is neither */
async function readPin({ io }: Context, files: readonly string[]): Promise<PinOffer | undefined> {
  if (files.length === 0) return undefined;
  const contents = await Promise.all(
    files.map((file) => (file === "-" ? collect(io.stdin.stream, pinMaxBytes) : readFile(resolve(io.cwd, file)))),
  );
  const pems = contents
    .map((bytes) => Buffer.from(bytes).toString("utf8"))
    .filter((text) => text.includes("-----BEGIN"));
  if (pems.length === contents.length) return { kind: "keys", pems };
  const [bytes, ...more] = contents;
  if (bytes === undefined || more.length > 0)
    throw new UsageError("wanted one root.json, or one or more public keys in PEM");
  return { kind: "root", bytes };
}
