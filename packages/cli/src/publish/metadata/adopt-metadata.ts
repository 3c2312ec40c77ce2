import type { Context, Run } from "../../context/command.ts";
import { readRootFile } from "../../context/input-file.ts";
import { UsageError } from "../../context/usage.ts";
import { describeLeftOut } from "../../context/left-out.ts";
import { expectedSnapshot } from "./expected-snapshot.ts";
import { withNewMaster } from "../master/master.ts";
import { findRecord } from "./push-record.ts";

export const run: Run = async (context, [repo = "", file]) => {
  if (context.values.on("move")) return move(context, repo, file);
  if (file === undefined) throw new UsageError("no root.json was named", "the publisher's get-root --all writes one");
  if (file === "-" && context.values.text("record") === "-") {
    throw new UsageError("the root and the record cannot both come from stdin");
  }
  const record = await findRecord(context);
  const root = await readRootFile(context, file);
  const expectSnapshot = expectedSnapshot(context.values);
  return withNewMaster(context, repo, async (master, place) => {
    const { leftOut, keyDirectory } = await master.adopt({ root, signal: context.io.signal, expectSnapshot, record });
    if (leftOut !== undefined) context.terminal.note(describeLeftOut(leftOut, repo));
    context.terminal.report(`what is published at ${place} is the base of this machine now`);
    context.terminal.report(
      `the files of the keys that this machine is to sign with go into ${keyDirectory}; a key of your own (create-key, add-key) stays where it is`,
    );
  });
};

function move(context: Context, repo: string, file: string | undefined): Promise<void> {
  if (file !== undefined) throw new UsageError(`${file}: with --move the state has its root already`);
  const expectSnapshot = expectedSnapshot(context.values);
  return withNewMaster(context, repo, async (master, place) => {
    await master.move({ signal: context.io.signal, expectSnapshot });
    context.terminal.report(`this machine publishes to ${place} from now on, with the keys that it has`);
  });
}
