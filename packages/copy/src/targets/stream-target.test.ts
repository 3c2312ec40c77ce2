/** A target with a signed chunk index: what is yielded is a beginning of the signed content at every moment. */
import { createHash } from "node:crypto";
import { createIndexMaker, DeltaError } from "@dtuf/delta";
import { indexMediaType, withTargetIndex } from "@dtuf/format";
import { digestHex, digestOf, OciError, verifying, type ByteStream } from "@dtuf/registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { parseRoleName, parseTargetPath, TufError, type TargetFile } from "@dtuf/tuf";
import { useDirectory } from "@dtuf/testing/scene/directory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CopyError } from "../errors.ts";
import type { CopyEvent } from "../events.ts";
import type { Site, TargetInfo } from "../sources/source.ts";
import { openVerified, type OpenTargetContext } from "./open-target.ts";
import { createFileHashes } from "../state/file-hashes.ts";

/** About 25 chunks. */
const content = Buffer.concat(
  Array.from({ length: 4000 }, (_, at) => createHash("sha256").update(`content ${at}`).digest()),
);
const maker = createIndexMaker({ average: 4096 });
maker.update(content);
const index = maker.finish() ?? new Uint8Array();
const target = describeTarget(index);

function describeTarget(named: Uint8Array): TargetInfo {
  const hashes = new Map([["sha256", digestHex(digestOf(content))]]);
  const descriptor = { mediaType: indexMediaType, digest: digestOf(named), size: named.length };
  const custom = withTargetIndex(undefined, descriptor);
  const file: TargetFile = { length: content.length, hashes, custom, unrecognized: {} };
  const blobs = [{ digest: digestOf(content), size: content.length }];
  const role = parseRoleName("targets");
  const path = parseTargetPath("t");
  return { path, length: file.length, hashes, role, file, blobs, naming: "hash-prefixed", roleVersion: 1 };
}

type Answer = (bytes: Buffer) => Buffer | Error | undefined;

/** A site that verifies nothing ("raw"), as plain repositories do, or by the digest of the blob, as stores do. */
interface Bent {
  readonly target?: Answer;
  readonly index?: Answer | undefined;
  readonly store?: "raw" | "verifying";
  readonly pieces?: number;
  readonly named?: Uint8Array;
}

async function* send(bytes: Buffer, { pieces = 1000 }: Bent, fault?: Error): ByteStream {
  for (let at = 0; at < bytes.length; at += pieces) yield bytes.subarray(at, at + pieces);
  if (fault !== undefined) throw fault;
}

function siteOf(name: string, bent: Bent): Site {
  const answer = (bytes: Buffer, bend: Answer | undefined): ByteStream | undefined => {
    const bytesSent = bend === undefined ? bytes : bend(bytes);
    if (bytesSent instanceof Error) return send(bytes.subarray(0, bytes.length / 2), bent, bytesSent);
    return bytesSent && send(bytesSent, bent);
  };
  return {
    name,
    openView: () => ({ findMetadata: async () => undefined }),
    parts: () => target.blobs,
    async openPart(_target, part) {
      const stream = answer(content, bent.target);
      if (stream === undefined) return undefined;
      return { from: 0, stream: bent.store === "verifying" ? verifying(stream, part) : stream };
    },
    openIndex: async () => answer(Buffer.from(bent.named ?? index), bent.index),
  };
}

const spoolDirectory = useDirectory("all tests");
interface Received {
  readonly bytes: number;
  readonly pieces: number;
  readonly error: unknown;
  readonly events: readonly CopyEvent[];
}

/** Reads, and compares with the signed content after every chunk. */
async function receive(bent: readonly Bent[], wanted: TargetInfo = target): Promise<Received> {
  const events: CopyEvent[] = [];
  const sites = bent.map((each, at) => siteOf(`site ${at}`, each));
  const context: OpenTargetContext = {
    sites,
    mode: "online",
    hashes: createFileHashes(),
    onEvent: (event) => events.push(event),
    spoolDirectory,
  };
  let [bytes, pieces] = [0, 0];
  try {
    for await (const chunk of await openVerified(wanted, context)) {
      if (!content.subarray(bytes, bytes + chunk.length).equals(chunk))
        throw new TypeError("unsigned bytes were yielded");
      bytes += chunk.length;
      pieces += 1;
    }
    return { bytes, pieces, error: undefined, events };
  } catch (error) {
    return { bytes, pieces, error, events };
  }
}

function isRefusal(error: unknown): boolean {
  return DeltaError.is(error) || TufError.is(error) || OciError.is(error) || CopyError.is(error);
}

const cut =
  (at: number): Answer =>
  (bytes) =>
    bytes.subarray(0, at);
const flip =
  (at: number, bits: number): Answer =>
  (bytes) => {
    const copy = Buffer.from(bytes);
    if (at < copy.length) copy.writeUInt8((copy[at] ?? 0) ^ bits, at);
    return copy;
  };
const splice =
  (from: number, to: number, put: (bytes: Buffer) => Buffer): Answer =>
  (bytes) =>
    Buffer.concat([bytes.subarray(0, from), put(bytes), bytes.subarray(to)]);

const offset = fc.nat(content.length - 1);
const length = fc.integer({ min: 1, max: 20_000 });
const fault: fc.Arbitrary<Answer> = fc.oneof(
  offset.map(cut),
  fc.tuple(offset, fc.integer({ min: 1, max: 255 })).map(([at, bits]) => flip(at, bits)),
  // A range that is not the wanted one, bytes left out, sent twice, or put in.
  fc.tuple(offset, offset).map(([at, other]) => splice(at, content.length, (bytes) => bytes.subarray(other))),
  fc.tuple(offset, length).map(([at, size]) => splice(at, at + size, () => Buffer.alloc(0))),
  fc.tuple(offset, length).map(([at, size]) => splice(at, at, (bytes) => bytes.subarray(at, at + size))),
  fc.tuple(offset, length).map(([at, size]) => splice(at, at, () => Buffer.alloc(size, 7))),
  fc.constant<Answer>((bytes) => Buffer.concat([bytes, bytes])),
  fc.constant<Answer>(() => Buffer.alloc(0)),
  fc.constant<Answer>(() => undefined),
  fc.constant<Answer>(() => new OciError("OCI_UNAVAILABLE", "cut")),
);
const bentSite: fc.Arbitrary<Bent> = fc.record({
  target: fault,
  index: fc.option(fault, { nil: undefined, freq: 4 }),
  store: fc.constantFrom("raw" as const, "verifying" as const),
  pieces: fc.constantFrom(700, 9000, 200_000),
});

describe("what is yielded is a beginning of the signed content at every moment [T190]", () => {
  test("for 10,000 random faults of one site, and the end is only reached with the whole content", async () => {
    await fc.assert(
      fc.asyncProperty(bentSite, async (bent) => {
        const { bytes, error } = await receive([bent]);
        expect(error === undefined ? bytes === content.length : isRefusal(error)).toBe(true);
      }),
      { numRuns: 10_000, seed: 13 },
    );
  }, 240_000);

  test("and a second site that is right always completes it", async () => {
    await fc.assert(
      fc.asyncProperty(bentSite, async (bent) => {
        expect(await receive([bent, {}])).toMatchObject({ bytes: content.length, error: undefined });
      }),
      { numRuns: 1000, seed: 13 },
    );
  }, 120_000);
});

test("chunks come while the target arrives, and the rest of a wrong one does not", async () => {
  const { bytes, pieces, error } = await receive([{ target: flip(content.length - 1, 1) }]);
  expect(pieces).toBeGreaterThan(10);
  expect(bytes).toBeGreaterThan(content.length - 16_384 - 1);
  await expectRefused(Promise.reject(error), "DELTA_CHUNK_DIFFERS");
});

test.each<readonly [string, Bent]>([
  ["lost", { index: () => undefined }],
  ["cut", { index: cut(100) }],
  ["changed", { index: flip(70, 1) }],
  ["of 4 GiB", { index: (bytes) => Buffer.concat([bytes, Buffer.alloc(1_000_000)]) }],
])("an index that is %s is not used: all of the target is verified first", async (_, bent) => {
  expect(await receive([bent])).toMatchObject({ bytes: content.length, error: undefined });
  expect((await receive([{ ...bent, target: flip(content.length - 1, 1) }])).bytes).toBe(0);
});

test.each<readonly [string, number, readonly number[]]>([
  ["announces 4 billion chunks", 56, [0xff, 0xff, 0xff, 0xff]],
  ["has another version", 8, [0, 0, 0, 9]],
  ["has lengths that do not add up", index.length - 36, [0, 0, 0, 1]],
])("a signed index that %s is not used: all of the target is verified first", async (_, at, bytes) => {
  const named = Buffer.from(index);
  named.set(bytes, at);
  const received = await receive([{ named }], describeTarget(named));
  expect(received).toMatchObject({ bytes: content.length, error: undefined, events: [{ kind: "index-unused" }] });
});

test("a signed index with a hash that is not the content's: the stream throws and yields nothing wrong", async () => {
  const named = Buffer.from(index);
  named.writeUInt8((named[60 + 36 * 3 + 10] ?? 0) ^ 1, 60 + 36 * 3 + 10);
  const { bytes, error } = await receive([{ named }, { named }], describeTarget(named));
  expect(bytes).toBeLessThan(3 * 16_384 + 1);
  await expectRefused(Promise.reject(error), "DELTA_CHUNK_DIFFERS");
});
