import { collect, digestOf, type ByteStream } from "@dtuf/registry";
import { describe, expect, test } from "vitest";
import { partAheadMaxBytes, partsAhead } from "../limits.ts";
import { openParts } from "./parts-ahead.ts";
import type { TargetPiece } from "../sources/source.ts";

async function* bytes(text: string): ByteStream {
  yield Buffer.from(text);
}

const small = (name: string): TargetPiece => ({ digest: digestOf(Buffer.from(name)), size: 1 });
const large = (name: string): TargetPiece => ({ ...small(name), size: partAheadMaxBytes + 1 });

/** Opens parts when the test allows it, and records which were requested. */
function createOpener(): {
  readonly asked: TargetPiece[];
  readonly signals: AbortSignal[];
  readonly open: (part: TargetPiece, signal: AbortSignal) => Promise<{ from: number; stream: ByteStream }>;
} {
  const asked: TargetPiece[] = [];
  const signals: AbortSignal[] = [];
  return {
    asked,
    signals,
    open: async (part, signal) => {
      signals.push(signal);
      return { from: 0, stream: bytes(String(asked.push(part))) };
    },
  };
}

describe("the parts of a target", () => {
  test("are yielded in order while several requests are running", async () => {
    const { open } = createOpener();
    const rest = Array.from({ length: 20 }, (_, index) => small(String(index)));
    const all = await collect(openParts(bytes("0"), rest, { open, signal: undefined }), 1000);
    expect(Buffer.from(all).toString()).toBe(Array.from({ length: 21 }, (_, index) => index).join(""));
  });

  test("are requested ahead if they are small, up to the limit", async () => {
    const { open, asked } = createOpener();
    const rest = Array.from({ length: 20 }, (_, index) => small(String(index)));
    const stream = openParts(bytes("0"), rest, { open, signal: undefined })[Symbol.asyncIterator]();
    await stream.next();
    expect(asked.length).toBe(partsAhead - 1);
    await stream.next();
    expect(asked.length).toBe(partsAhead);
    await stream.return?.();
  });

  test("are not requested ahead of a large part, which is requested at its turn", async () => {
    const { open, asked } = createOpener();
    const rest = [small("a"), large("b"), small("c")];
    const stream = openParts(bytes("0"), rest, { open, signal: undefined })[Symbol.asyncIterator]();
    await stream.next();
    expect(asked).toEqual(rest.slice(0, 1));
    await stream.next();
    expect(asked).toEqual(rest.slice(0, 1));
    await stream.next();
    expect(asked).toEqual(rest);
    await stream.return?.();
  });

  test("that are requested are aborted when the reader stops", async () => {
    const { open, signals } = createOpener();
    const stream = openParts(bytes("0"), [small("a"), small("b")], { open, signal: undefined });
    for await (const _ of stream) break;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  test("that fail ahead of their turn throw at their turn", async () => {
    const open = async (part: TargetPiece): Promise<{ from: number; stream: ByteStream }> => {
      if (part.digest === small("b").digest) throw new Error("b is down");
      return { from: 0, stream: bytes("1") };
    };
    const stream = openParts(bytes("0"), [small("a"), small("b")], { open, signal: undefined })[Symbol.asyncIterator]();
    await stream.next();
    expect(Buffer.from((await stream.next()).value ?? "").toString()).toBe("1");
    await expect(stream.next()).rejects.toThrow("b is down");
  });
});
