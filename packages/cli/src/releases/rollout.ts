import { changeRollout } from "@dtuf/agent/release";
import type { Run } from "../context/command.ts";
import { grammars } from "../context/grammar/grammar.ts";
import { UsageError } from "../context/usage.ts";
import { changeReleases } from "./published-releases.ts";

export const run: Run = async (context, [repo = "", name = "", version = "", percent = ""]) => {
  if (!grammars.percentage.test(percent))
    throw new UsageError(`${percent} is no rollout`, `wanted ${grammars.percentage.wanted}`);
  const rollout = Number(percent.replace("%", ""));
  const smaller = context.values.on("force") ? "allow" : "refuse";
  const what = `staged a rollout of ${rollout} % for ${name} ${version}`;
  await changeReleases(context, { repo, name, version, what }, (release) => changeRollout(release, rollout, smaller));
};
