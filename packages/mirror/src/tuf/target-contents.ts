/**
 * The bytes of verified targets, in the pieces that an OCI repository stores. Every piece is verified against its signed
 * digest while it streams. If a source stores a target in other pieces (a plain repository stores it as one), the target is
 * first fetched into a file, verified, and cut.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Site, TargetInfo } from "@dtuf/copy";
import { findCompanionBlobs, findTargetBlobs } from "@dtuf/format";
import { verifying, type ByteStream, type ContentSource, type Descriptor } from "@dtuf/registry";
import { createDirectory } from "@dtuf/registry/files";
import { MirrorError } from "../errors.ts";
import type { VerifiedRepository } from "./verified-repository.ts";

export interface TargetPiece {
  readonly blob: Descriptor;
  readonly content: ContentSource;
}

export interface TargetContents {
  /** Runs `work` on every piece that is `wanted`, and on its companions: chunk index and patches. Removes the file of a target that was fetched as a whole. */
  forEachPiece(
    target: TargetInfo,
    options: { readonly wanted: (blob: Descriptor) => Promise<boolean>; readonly signal: AbortSignal | undefined },
    work: (piece: TargetPiece) => Promise<void>,
  ): Promise<void>;
}

/** @throws MirrorError MIRROR_UNSUPPORTED if the target has no digest that registries support */
export function piecesOf({ path, file }: Pick<TargetInfo, "path" | "file">): readonly Descriptor[] {
  const blobs = findTargetBlobs(file);
  if (blobs !== undefined) return blobs;
  throw new MirrorError("MIRROR_UNSUPPORTED", `${JSON.stringify(path)} has no sha256, so a registry cannot store it`, {
    details: { path },
  });
}

export function createTargetContents(repository: VerifiedRepository, directory: string): TargetContents {
  const { sites } = repository.source;
  return {
    async forEachPiece(target, { wanted, signal }, work) {
      for (const blob of findCompanionBlobs(target.file)) {
        if (!(await wanted(blob))) continue;
        const openAt: OpenAt = async (site) => site.openIndex?.(target, blob, { signal });
        await work({ blob, content: fromSites(repository, { target, blob, signal }, openAt) });
      }
      const missing: Descriptor[] = [];
      for (const blob of piecesOf(target)) if (await wanted(blob)) missing.push(blob);
      if (missing.length === 0) return;
      const parts = new Set(sites.flatMap((site) => site.parts(target)).map(({ digest }) => digest));
      if (missing.every(({ digest }) => parts.has(digest))) {
        for (const blob of missing) {
          const content = fromSites(repository, { target, blob, signal }, openParts(target, blob, signal));
          await work({ blob, content });
        }
        return;
      }
      await withWhole(repository, { target, directory, signal }, async (path) => {
        for (const { start, blob } of offsetsOf(target)) {
          if (missing.includes(blob)) await work({ blob, content: slice(path, start, blob) });
        }
      });
    },
  };
}

type OpenAt = (site: Site) => Promise<ByteStream | undefined>;

function openParts(target: TargetInfo, { digest }: Descriptor, signal: AbortSignal | undefined): OpenAt {
  return async (site) => {
    const part = site.parts(target).find((each) => each.digest === digest);
    return part && (await site.openPart(target, part, { signal }))?.stream;
  };
}

function fromSites(
  { source }: VerifiedRepository,
  {
    target,
    blob,
    signal,
  }: { readonly target: TargetInfo; readonly blob: Descriptor; readonly signal: AbortSignal | undefined },
  openAt: OpenAt,
): ContentSource {
  async function open(): Promise<ByteStream> {
    let failure: unknown = new MirrorError("MIRROR_CONTENT_MISSING", `no source has ${blob.digest} of ${target.path}`, {
      details: { path: target.path, digest: blob.digest },
    });
    for (const site of source.sites) {
      try {
        const opened = await openAt(site);
        if (opened !== undefined) return verifying(opened, blob);
      } catch (error) {
        signal?.throwIfAborted();
        failure = error;
      }
    }
    throw failure;
  }
  return {
    async *open(offset) {
      yield* skip(await open(), offset);
    },
  };
}

async function* skip(stream: ByteStream, offset: number): ByteStream {
  let passed = 0;
  for await (const chunk of stream) {
    const cut = Math.min(chunk.length, Math.max(0, offset - passed));
    passed += chunk.length;
    if (cut < chunk.length) yield chunk.subarray(cut);
  }
}

async function withWhole(
  { copy }: VerifiedRepository,
  fetching: { readonly target: TargetInfo; readonly directory: string; readonly signal: AbortSignal | undefined },
  work: (path: string) => Promise<void>,
): Promise<void> {
  const { target, directory, signal } = fetching;
  await createDirectory(directory);
  const path = join(directory, createHash("sha256").update(`${target.role}\n${target.path}`).digest("hex"));
  const found = await copy.findTarget(target.path, { signal });
  if (found?.role !== target.role) {
    throw new MirrorError(
      "MIRROR_UNSUPPORTED",
      `${JSON.stringify(target.path)} is hidden by a target of another role`,
      {
        details: { path: target.path, role: target.role },
      },
    );
  }
  try {
    await copy.saveTarget(found, path, { signal });
    await work(path);
  } finally {
    await rm(path, { force: true });
  }
}

function offsetsOf(target: TargetInfo): readonly { readonly start: number; readonly blob: Descriptor }[] {
  let start = 0;
  return piecesOf(target).map((blob) => {
    const piece = { start, blob };
    start += blob.size;
    return piece;
  });
}

function slice(path: string, start: number, { size }: Descriptor): ContentSource {
  return { open: (offset) => createReadStream(path, { start: start + offset, end: start + size - 1 }) as ByteStream };
}
