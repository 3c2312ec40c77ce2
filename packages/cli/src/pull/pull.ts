/** Pins if nothing is pinned, refreshes, and writes all targets or those that are named into a directory. */
import type { Copy, PinInfo } from "@dtuf/copy";
import { digestHex, digestOf } from "@dtuf/registry";
import { parseUnverified, TufError } from "@dtuf/tuf";
import type { Context, Run } from "../context/command.ts";
import { readRootFile } from "../context/input-file.ts";
import { UsageError } from "../context/usage.ts";
import { callOptions, isPinned, parseTargets, withCopy, withNewCopy } from "./copy.ts";
import { isTrusted, type PinChange } from "./trust/confirm-pin.ts";
import { findOutput } from "./save/destinations.ts";
import { saveAll, writeAll } from "./save/save-all.ts";
import { findAll, listAll } from "./save/select-targets.ts";
import type { FindStateOwner } from "../connection/state-owner.ts";

export const run: Run = async (context, [repo = "", ...names]) => {
  if (context.values.text("output") === "-" && names.length !== 1) {
    throw new UsageError(
      `${context.values.given("output")}: - is stdout, which takes one target`,
      "name one target, or a directory with --output DIRECTORY",
    );
  }
  const output = await findOutput(
    context,
    context.values.text("output") || ".",
    names.length === 1 ? "one" : "several",
  );
  const file = context.values.text("root") || undefined;
  const root = file === undefined ? undefined : { repo, file, bytes: await readRootFile(context, file) };
  await (root === undefined ? withCopy : withNewCopy)(context, repo, async (copy, findOwner) => {
    await pullMetadata(context, { copy, findOwner }, root);
    const paths = names.length > 0 ? parseTargets(names) : await listAll(context, copy);
    const targets = await findAll(context, copy, paths);
    if (output.kind === "stdout") await writeAll(context, copy, targets);
    else await saveAll(context, copy, { targets, output });
  });
};

interface GivenRoot {
  readonly repo: string;
  readonly file: string;
  readonly bytes: Uint8Array;
}

interface Client {
  readonly copy: Copy;
  readonly findOwner: FindStateOwner;
}

/** The root that was given is for the first time: what is pinned stays, and a root that it does not agree with is named. */
async function pullMetadata(context: Context, { copy, findOwner }: Client, root: GivenRoot | undefined): Promise<void> {
  const call = callOptions(context);
  if (root !== undefined && !(await isPinned(copy))) {
    await copy.pullMetadata({ ...call, pin: { kind: "root", bytes: root.bytes } });
    return;
  }
  const failure = await copy.pullMetadata(call).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const other = root && (await findOther(copy, root));
  const owner = failure && (await findOwner());
  if (failure !== undefined && other !== undefined && owner !== undefined) {
    context.terminal.note(`${other.file} was not used: root ${other.pinned.version} of ${owner.place} is pinned`);
    throw failure.error;
  }
  const isAsked = other !== undefined && context.io.ask !== undefined && !context.io.signal.aborted;
  if (isAsked && (await isTrusted(context, other))) {
    await copy.pullMetadata({ ...call, pin: { kind: "root", bytes: other.bytes }, replace: true });
    return;
  }
  if (other !== undefined) noteOtherRoot(context, other);
  else if (root !== undefined) await noteKeptPin(context, copy, root);
  if (failure !== undefined) throw failure.error;
}

interface OtherRoot extends PinChange, GivenRoot {}

/** An installer's root may be older than the pinned one, whose predecessors are not kept here: that is no other root. */
async function findOther(copy: Copy, root: GivenRoot): Promise<OtherRoot | undefined> {
  const { bytes } = root;
  // This runs after a failed refresh too, whose error must not be replaced by one of the state.
  const files = await copy.trustedFiles().catch(() => []);
  const roots = files.filter(({ role }) => role === "root");
  const [pinned] = roots;
  const version = findVersion(bytes);
  if (pinned === undefined || version === undefined || version < pinned.version) return undefined;
  if (roots.some((each) => Buffer.compare(each.bytes, bytes) === 0)) return undefined;
  return { ...root, pinned: pinInfo(pinned.version, pinned.bytes), offered: pinInfo(version, bytes) };
}

function pinInfo(version: number, bytes: Uint8Array): PinInfo {
  return { version, fingerprint: digestHex(digestOf(bytes)) };
}

function noteOtherRoot({ program, terminal }: Context, { pinned, offered, file, repo }: OtherRoot): void {
  terminal.note(
    `${file} (root ${offered.version}) was not used: root ${pinned.version} is pinned, and what is trusted since does not include that file. ` +
      `To trust it instead, compare its fingerprint with its publisher's, then ${program} pin ${repo} ${file} --replace`,
  );
}

/** A file that changes nothing is not passed over in silence, unless it is what is pinned or trusted since. */
async function noteKeptPin({ terminal }: Context, copy: Copy, { file, bytes }: GivenRoot): Promise<void> {
  const roots = (await copy.trustedFiles().catch(() => [])).filter(({ role }) => role === "root");
  const [pinned] = roots;
  if (pinned === undefined || roots.some((each) => Buffer.compare(each.bytes, bytes) === 0)) return;
  const version = findVersion(bytes);
  const what = version === undefined ? "a chain of roots" : `root ${version}, an older number`;
  terminal.note(`${file} (${what}) was not used: root ${pinned.version} is pinned and stays`);
}

/** Undefined for a chain of roots. */
function findVersion(bytes: Uint8Array): number | undefined {
  try {
    return parseUnverified(bytes, "root").version;
  } catch (error) {
    if (!TufError.is(error)) throw error;
    return undefined;
  }
}
