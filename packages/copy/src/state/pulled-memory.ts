/**
 * The record of pulled targets: one line of JSON per pull, `[content, path]`; the last line of a path counts. It only decides
 * which targets are reported as updated. An incomplete line is skipped; after a lost line, a target is reported once more.
 */
import { blobDigest } from "@dtuf/format";
import { appendToFile, createDirectory, findFile, writeFileAtomically } from "@dtuf/registry/files";
import { dirname } from "node:path";
import type { TargetFile } from "@dtuf/tuf";
import { cachedFileMaxBytes, pulledLinesPerEntry } from "../limits.ts";

export interface Pulled {
  readonly path: string;
  readonly file: TargetFile;
}

export interface PulledMemory {
  load(): Promise<ReadonlyMap<string, string>>;
  add(targets: readonly Pulled[]): Promise<void>;
  /** Drops outdated lines if there are too many. The caller must hold the lock of the state. */
  compact(): Promise<void>;
}

/** An identifier of the content of a target: the same for the same bytes. */
export function contentName(file: TargetFile): string {
  return blobDigest(file.hashes);
}

export function createPulledMemory(file: string): PulledMemory {
  async function lines(): Promise<readonly string[]> {
    const bytes = await findFile(file, { maxBytes: cachedFileMaxBytes });
    return bytes === undefined ? [] : Buffer.from(bytes).toString("utf8").split("\n").filter(Boolean);
  }

  return {
    load: async () => parseLines(await lines()),
    async add(targets) {
      if (targets.length === 0) return;
      await createDirectory(dirname(file), { mode: 0o700 });
      const text = targets.map((target) => `${JSON.stringify([contentName(target.file), target.path])}\n`).join("");
      // The leading line break keeps these lines separate from an incomplete line before them.
      await appendToFile(file, `\n${text}`);
    },
    async compact() {
      const all = await lines();
      const entries = parseLines(all);
      if (all.length <= pulledLinesPerEntry * entries.size) return;
      const text = [...entries].map(([path, content]) => `${JSON.stringify([content, path])}\n`).join("");
      await writeFileAtomically(file, text, { mode: 0o600 });
    },
  };
}

function parseLines(lines: readonly string[]): Map<string, string> {
  return new Map(lines.flatMap(parseLine));
}

function parseLine(line: string): [string, string][] {
  try {
    const json: unknown = JSON.parse(line);
    if (!Array.isArray(json)) return [];
    const [content, path] = json as unknown[];
    return typeof content === "string" && typeof path === "string" ? [[path, content]] : [];
  } catch {
    // A line that was cut when the process was killed.
    return [];
  }
}
