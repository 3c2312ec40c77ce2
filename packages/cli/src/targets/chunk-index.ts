import { resolve } from "node:path";
import type { IndexOptions } from "@dtuf/master";
import type { Context } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";

/** A patch of 16 MiB takes 5 s of a core: larger ones are made if they are asked for. */
const unaskedMaxBytes = 16 * 1024 * 1024;

/** What `--part-size`, `--chunk`, `--no-index`, `--patch-from`, `--no-patch` and `--compress` ask for. */
export function indexOptions({ values, io }: Context): IndexOptions {
  const older = values.text("patch-from") ?? "";
  const isNone = values.on("no-patch") || values.on("no-index");
  return {
    index: values.on("no-index") ? "none" : "make",
    chunkBytes: bytesOf(values.text("chunk")),
    partBytes: bytesOf(values.text("part-size")),
    compress: values.on("compress"),
    ...(isNone
      ? {}
      : older === ""
        ? { patchFrom: "published", patchMaxBytes: unaskedMaxBytes }
        : patchFrom(older, io.cwd)),
  };
}

const units: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function bytesOf(size = ""): number | undefined {
  return size === "" ? undefined : Number(size.slice(0, -1)) * (units[size.slice(-1)] ?? Number.NaN);
}

/** Whether `--patch-from` names what is published or a release. */
export function namesNoFile(older: string): boolean {
  return /^(?:published|(?:release\.)?[0-9]+)$/.test(older);
}

function patchFrom(older: string, cwd: string): Pick<IndexOptions, "patchFrom"> {
  if (older === "published") return { patchFrom: older };
  const [, release] = /^(?:release\.)?([0-9]+)$/.exec(older) ?? [];
  return { patchFrom: release === undefined ? { path: resolve(cwd, older) } : { release: Number(release) } };
}

/** Of many targets: a patch is made only if it is asked for. @throws UsageError for a file, which is one of them */
export function manyIndexOptions(context: Context): IndexOptions {
  const { patchFrom: from, ...options } = indexOptions(context);
  const { values } = context;
  if ((values.text("patch-from") ?? "") === "") return options;
  if (typeof from === "object" && "path" in from)
    throw new UsageError(
      `${values.given("patch-from")}: wanted published or a release; a file is the older version of one target`,
    );
  return { ...options, patchFrom: from };
}
