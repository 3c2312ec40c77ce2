import type { Context, Run } from "../context/command.ts";
import { keyFileMaxBytes, roleFileMaxBytes, verifyDelegated } from "./delegated-role.ts";
import { readInput } from "../context/input-file.ts";
import { withMaster } from "./master.ts";
import { reportStaged } from "./reports/staged-report.ts";
import { UsageError } from "../context/usage.ts";

/** The role's own people sign its metadata and push its blobs; this stages the trust in them. */
export const run: Run = async (context, [repo = "", role = "", file = ""]) => {
  const { io, values } = context;
  verifyDelegated(role);
  const pattern = parsePattern(context);
  const keys = await readKeys(context);
  const threshold = values.count("threshold") ?? 1;
  if (threshold > keys.length) throw new UsageError(`--threshold: ${threshold} of ${keys.length} keys cannot be met`);
  const terminating = values.on("terminating");
  const metadata = await readInput(context, file, roleFileMaxBytes);
  const delegation = { ...pattern, keys, threshold, terminating, metadata, signal: io.signal } as const;
  return withMaster(context, repo, async (master) => {
    await master.delegate(role, delegation);
    reportStaged(context, repo, `staged the trust in ${role}`);
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
