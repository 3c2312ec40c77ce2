import type { Run } from "../context/command.ts";
import { withNewMaster } from "./master.ts";
import { verifyPassphrases } from "./passphrase.ts";
import { reportKeys } from "./reports/key-report.ts";

export const run: Run = (context, [repo = ""]) =>
  withNewMaster(context, repo, async (master) => {
    verifyPassphrases(context, ["targets", "snapshot", "timestamp"]);
    await reportKeys(context, await master.createMetadataKeys({ signal: context.io.signal }));
  });
