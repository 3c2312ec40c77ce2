import type { Run } from "../../context/command.ts";
import { UsageError } from "../../context/usage.ts";
import { withNewMaster } from "../master/master.ts";
import { verifyPassphrases } from "../master/passphrase.ts";
import { reportKeys } from "../reports/key-report.ts";

const onlineRoles = ["targets", "snapshot", "timestamp"] as const;

export const run: Run = (context, [repo = "", ...named]) => {
  const other = named.find((name) => !onlineRoles.some((role) => role === name));
  if (other !== undefined) {
    throw new UsageError(`wanted targets, snapshot or timestamp; got ${JSON.stringify(other)}`);
  }
  const roles = onlineRoles.filter((role) => named.length === 0 || named.includes(role));
  return withNewMaster(context, repo, async (master) => {
    verifyPassphrases(context, roles);
    await reportKeys(context, master, await master.createMetadataKeys({ roles, signal: context.io.signal }));
  });
};
