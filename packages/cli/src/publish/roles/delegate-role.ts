import type { Context, Run } from "../../context/command.ts";
import { keyFileMaxBytes, roleFileMaxBytes, verifyDelegated } from "./delegated-role.ts";
import { readInput } from "../../context/input-file.ts";
import { withMaster } from "../master/master.ts";
import { reportStaged } from "../reports/staged-report.ts";
import { givenRole } from "../targets/role-target.ts";
import { UsageError } from "../../context/usage.ts";

/** The role's own people sign its metadata and push its blobs; this stages the trust in them. */
export const run: Run = async (context, [repo = "", role = "", file]) => {
  const { io, values } = context;
  verifyDelegated(role);
  const pattern = parsePattern(context);
  const keys = await readKeys(context);
  const threshold = values.count("threshold") ?? 1;
  if (threshold > keys.length) throw new UsageError(`--threshold: ${threshold} of ${keys.length} keys cannot be met`);
  const terminating = values.on("terminating");
  const metadata = file === undefined ? undefined : await readInput(context, file, roleFileMaxBytes);
  const from = givenRole(context);
  if (from !== undefined && file !== undefined)
    throw new UsageError(`with ${values.given("role")} the role starts empty: name no file`);
  const owner = values.text("owner");
  const delegation = { ...pattern, keys, owner, from, threshold, terminating, metadata, signal: io.signal } as const;
  return withMaster(context, repo, async (master) => {
    await master.delegate(role, delegation);
    await reportStaged(context, repo, { master, what: `staged the trust in ${role}`, role: from });
    if (metadata === undefined && from === undefined) {
      const { program, terminal } = context;
      terminal.report(`if its keys are not here, ${program} propose ${repo}: their holders sign its first file`);
    }
  });
};

function parsePattern({ values }: Context): { paths: readonly string[] } | { pathHashPrefixes: readonly string[] } {
  const [paths, pathHashPrefixes] = [values.list("path"), values.list("path-hash-prefix")];
  if (paths.length > 0 === pathHashPrefixes.length > 0) {
    throw new UsageError("wanted --path or --path-hash-prefix, and not both: which targets the role may sign");
  }
  return paths.length > 0 ? { paths } : { pathHashPrefixes };
}

async function readKeys(context: Context): Promise<readonly string[]> {
  const files = context.values.list("key");
  if (files.length === 0) throw new UsageError("wanted --key: the public keys that sign the role");
  const keys: string[] = [];
  for (const file of files) keys.push(Buffer.from(await readInput(context, file, keyFileMaxBytes)).toString("utf8"));
  return keys;
}
