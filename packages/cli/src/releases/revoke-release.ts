import { revokeRelease } from "@dtuf/agent/release";
import type { Run } from "../context/command.ts";
import { givenRole } from "../publish/targets/role-target.ts";
import { changeReleases, findReleases, unknownRelease } from "./published-releases.ts";

export const run: Run = async (context, [repo = "", name = "", version = "", older]) => {
  const back = older === undefined ? "" : `; machines that have it go back to ${older}`;
  const what = `staged the end of ${name} ${version}${back}`;
  await changeReleases(context, { repo, name, version, what }, async (release, master) => {
    const revoked = revokeRelease(release, older);
    if (older !== undefined && (await findReleases(master, { name, version: older }, givenRole(context))).length === 0)
      throw unknownRelease(name, older);
    return revoked;
  });
};
