/** `pull-target --explain`: what would be fetched, before it is. */
import type { Copy, TargetInfo, TargetPlan } from "@dtuf/copy";
import type { Context } from "../../context/command.ts";
import { describeBytes, describeCount } from "../../context/time.ts";
import { chooseDestinations } from "./destinations.ts";
import { saveOptions, type Wanted } from "./save-all.ts";

export async function explainAll(context: Context, copy: Copy, { targets: found, output }: Wanted): Promise<void> {
  const { terminal } = context;
  const wanted = chooseDestinations(context, found, output);
  const targets = [];
  for (const { target, destination } of wanted) {
    const plan = await copy.planTarget(target, destination, saveOptions(context));
    if (terminal.format !== "json") await terminal.print(describe(target, plan));
    targets.push({ path: target.path, length: target.length, file: destination, ...plan });
  }
  if (terminal.format === "json") await terminal.printJson({ plan: targets });
}

function describe({ path, length }: TargetInfo, plan: TargetPlan): string {
  const { presentBytes, seedBytes, fetchedBytes, requests, ranges, ways } = plan;
  const parts = [
    ...(presentBytes > 0 ? [`${describeBytes(presentBytes)} are there`] : []),
    ...(seedBytes > 0 ? [`${describeBytes(seedBytes)} from older files`] : []),
    `${describeBytes(fetchedBytes)} to fetch by ${describeCount(requests, "request")}`,
    ...(ranges.length > 0 ? [`${describeCount(ranges.length, "range")} of it`] : []),
    ...(ways.includes("patch") ? ["a patch of an older file"] : []),
    ...(ways.includes("compressed") ? ["the compressed copy"] : []),
    ...(ways.includes("whole") ? ["all that is missing"] : []),
  ];
  return `${path} (${describeBytes(length)}): ${parts.join(", ")}`;
}
