/** The releases that are signed or staged. */
import { AgentError, encodeAgentRelease, parseAgentRelease, type AgentRelease } from "@dtuf/agent/release";
import type { Master } from "@dtuf/master";
import type { JsonObject, TargetFile } from "@dtuf/tuf";
import type { Context } from "../context/command.ts";
import { withMaster } from "../publish/master/master.ts";
import { reportStaged } from "../publish/reports/staged-report.ts";
import { givenRole } from "../publish/targets/role-target.ts";

export interface FoundRelease {
  readonly target: string;
  readonly release: AgentRelease;
  readonly custom: JsonObject;
}

interface Named {
  readonly name: string;
  readonly version: string;
}

/** One for each platform: of that role or, without one, of targets. @throws AgentError AGENT_RELEASE_INVALID */
export async function findReleases(
  master: Master,
  { name, version }: Named,
  role: string | undefined,
): Promise<readonly FoundRelease[]> {
  const files = role === undefined ? await topLevelFiles(master) : await master.listRoleTargetFiles(role);
  return [...files].flatMap(([target, { custom = {} }]) => {
    const release = parseAgentRelease(custom);
    return release?.name === name && release.version === version ? [{ target, release, custom }] : [];
  });
}

async function topLevelFiles(master: Master): Promise<ReadonlyMap<string, TargetFile>> {
  const files = new Map<string, TargetFile>(await master.listTargetFiles());
  for (const { path, file } of (await master.staged()).targets) {
    if (file === undefined) files.delete(path);
    else files.set(path, file);
  }
  return files;
}

/** Stages a change of every platform of a release. Other custom metadata stays. @throws AgentError AGENT_RELEASE_UNKNOWN */
export function changeReleases(
  context: Context,
  { repo, name, version, what }: Named & { readonly repo: string; readonly what: string },
  change: (release: AgentRelease, master: Master) => Promise<AgentRelease> | AgentRelease,
): Promise<void> {
  return withMaster(context, repo, async (master) => {
    const role = givenRole(context);
    const found = await findReleases(master, { name, version }, role);
    if (found.length === 0) throw unknownRelease(name, version);
    const changed: { target: string; custom: JsonObject }[] = [];
    for (const { target, release, custom } of found) {
      const { dtuf: _own, ...others } = custom;
      changed.push({ target, custom: { ...others, ...encodeAgentRelease(await change(release, master)) } });
    }
    const { signal } = context.io;
    for (const { target, custom } of changed) {
      if (role === undefined) await master.setCustom([target], custom, { signal });
      else await master.setRoleCustom(role, { names: [target], custom }, { signal });
    }
    await reportStaged(context, repo, { master, what, role });
    if (context.terminal.format === "json")
      await context.terminal.printJson({ targets: changed.map(({ target }) => target) });
  });
}

export function unknownRelease(name: string, version: string): AgentError {
  return new AgentError("AGENT_RELEASE_UNKNOWN", `there is no release ${version} of ${name}`, {
    details: { name, version },
  });
}
