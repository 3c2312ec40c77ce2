import type { RequestedRoot, RefreshResult } from "@dtuf/copy";
import { createProgress } from "../../context/progress/progress.ts";
import type { Context, Run } from "../../context/command.ts";
import { describeCount, describeInstant } from "../../context/time.ts";
import { callOptions, withCopy, withNewCopy } from "../copy.ts";
import { confirmPin, pinChangeText } from "./confirm-pin.ts";
import { readPin } from "./pin-file.ts";

export const run: Run = async (context, [repo = "", ...files]) => {
  const pin = await readPin(context, files);
  const progress = createProgress(context);
  return (pin === undefined ? withCopy : withNewCopy)(context, repo, async (copy, findOwner) => {
    const { onProgress } = progress;
    const result = await confirmPin(context, findOwner, (replace) =>
      copy.pullMetadata({ pin, ...callOptions(context), replace, onProgress }),
    );
    progress.end();
    await report(context, result, pin);
  });
};

async function report({ io, terminal }: Context, result: RefreshResult, pin: RequestedRoot | undefined): Promise<void> {
  const { previousPin, state, status, updatedTargets } = result;
  if (pin?.kind === "keys") {
    terminal.note(
      `pinned root version ${result.pin.version}, sha256 ${result.pin.fingerprint}: every key listed in it is trusted now, ` +
        "the given ones are not consulted again",
    );
  }
  if (previousPin !== undefined) {
    terminal.note(pinChangeText(previousPin, result.pin));
  }
  if (terminal.format === "json") {
    const [expirations, versions] = [Object.fromEntries(result.expirations), Object.fromEntries(result.versions)];
    return terminal.printJson({
      status,
      state,
      updatedTargets,
      expirations,
      versions,
      pin: result.pin,
      previousPin,
      site: result.site,
    });
  }
  for (const target of updatedTargets) await terminal.printName(target);
  terminal.report(describeRefresh(result, io.now()));
}

function describeRefresh({ status, versions, expirations, updatedTargets }: RefreshResult, now: Date): string {
  const release = `release ${versions.get("timestamp") ?? "?"}`;
  const until = [...expirations.values()].toSorted((a, b) => a.getTime() - b.getTime())[0];
  const valid = until === undefined ? "" : `, valid until ${describeInstant(until, now)}`;
  const what = status === "fresh" ? "refreshed to" : status === "unchanged" ? "nothing newer than" : "asked nobody:";
  return `${what} ${release}${valid}; ${describeCount(updatedTargets.length, "target")} to pull`;
}
