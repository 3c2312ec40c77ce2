/** The record of a push, as a file that goes from the machine that pushes to those that only refresh. */
import { resolve } from "node:path";
import { FileError, findFile, writeFileAtomically } from "@dtuf/registry/files";
import type { PushResult, RecordOptions } from "@dtuf/master";
import { pushRecordMaxBytes } from "@dtuf/tuf";
import type { Context } from "../../context/command.ts";
import { readInput } from "../../context/input-file.ts";
import { describeInstant } from "../../context/time.ts";
import { UsageError } from "../../context/usage.ts";
import { reportPublication, type Unchanged } from "../reports/publication-report.ts";

/** Of `--record`; a link is no record, because the place that it comes from is often shared. @throws UsageError; FileError */
export async function findRecord(context: Context): Promise<Uint8Array | undefined> {
  const file = context.values.text("record") ?? "";
  if (file === "") return undefined;
  if (file === "-") return readInput(context, file, pushRecordMaxBytes);
  const bytes = await findFile(resolve(context.io.cwd, file), { maxBytes: pushRecordMaxBytes });
  if (bytes !== undefined) return bytes;
  throw new UsageError(`${context.values.given("record")}: there is no file ${file}`);
}

/** What `--record-out` asks for; undefined: nothing. @throws UsageError */
export function recordOptions({ values, terminal }: Context): RecordOptions | undefined {
  const file = values.text("record-out") ?? "";
  const lifetimeMs = values.durationMs("record-lifetime");
  if (file === "-" && terminal.format === "json") {
    throw new UsageError(`${values.given("record-out")}: - is stdout, where the JSON goes; name a file`);
  }
  return file === "" ? undefined : { lifetimeMs };
}

/** What is published stands, whatever becomes of the record's file. @throws FileError */
export async function reportPush(
  context: Context,
  place: string,
  { signedRecord, ...result }: PushResult & Unchanged,
): Promise<void> {
  await reportPublication(context, place, result);
  const { record } = result;
  if (signedRecord === undefined || record === undefined) return;
  const file = context.values.text("record-out") ?? "";
  await writeRecord(context, file, signedRecord);
  const until = describeInstant(record.until, context.io.now());
  context.terminal.report(`wrote its record to ${file}: other machines may renew it until ${until}`);
}

async function writeRecord({ io, terminal }: Context, file: string, record: Uint8Array): Promise<void> {
  if (file === "-") return terminal.writeBytes(record);
  try {
    await writeFileAtomically(resolve(io.cwd, file), record);
  } catch (error) {
    if (!FileError.is(error)) throw error;
    const message = `the release is published, but its record is not written: ${error.message}; push-metadata with --record-out again makes a new one`;
    throw new FileError(error.code, message, { details: error.details, cause: error });
  }
}
