import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { openContent, type ByteStream } from "./content.ts";
import { createDigester, digestOf } from "./oci/digest.ts";
import { withoutThread } from "./hashing/content-digester.ts";
import { collect, provenDigest, verifyBytes, verifying, verifyingAfter, verifyingFrom } from "./verifying.ts";

const bytes = Buffer.from("the quick brown fox jumps over the lazy dog");

async function* cut(content: Uint8Array, chunkBytes: number): ByteStream {
  for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
}

const ways: readonly (readonly [string, number])[] = [
  ["whole", 1000],
  ["in chunks", 7],
  ["byte by byte", 1],
];
const wrongs: readonly (readonly [string, Uint8Array, string])[] = [
  ["one byte too few", bytes.subarray(0, -1), "OCI_SIZE_MISMATCH"],
  ["one byte too many", Buffer.concat([bytes, Buffer.from("!")]), "OCI_SIZE_MISMATCH"],
  ["nothing", new Uint8Array(), "OCI_SIZE_MISMATCH"],
  ["one bit changed", bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)), "OCI_DIGEST_MISMATCH"],
];

describe.each(["sha256", "sha512"] as const)("verifying by %s", (algorithm) => {
  const expected = { digest: digestOf(bytes, algorithm), size: bytes.length };

  test.each(ways)("passes the content on %s and ends", async (_how, chunkBytes) => {
    expect(Buffer.from(await collect(verifying(cut(bytes, chunkBytes), expected), 100))).toEqual(bytes);
  });

  test.each(
    ways.flatMap(([how, chunkBytes]) => wrongs.map(([what, wrong, code]) => ({ how, chunkBytes, what, wrong, code }))),
  )("throws at the end of a stream with $what, $how", async ({ chunkBytes, wrong, code }) => {
    await expectRefused(collect(verifying(cut(wrong, chunkBytes), expected), 100), code);
  });

  test.each(wrongs)("verifyBytes refuses %s", (_what, wrong, code) => {
    expectRefused(() => verifyBytes(wrong, expected), code);
    expect(verifyBytes(bytes, expected)).toBe(bytes);
  });
});

const expected = { digest: digestOf(bytes), size: bytes.length };

test("nothing beyond the size is passed on, not even the chunk that passes it", async () => {
  const passed: Uint8Array[] = [];
  const stream = verifying(cut(Buffer.concat([bytes, bytes]), 10), expected);
  await expectRefused(
    (async () => {
      for await (const chunk of stream) passed.push(chunk);
    })(),
    "OCI_SIZE_MISMATCH",
    { details: { wanted: 43, got: 50 } },
  );
  expect(Buffer.concat(passed)).toEqual(bytes.subarray(0, 40));
});

test("an endless stream is ended at the first byte too many", async () => {
  let ended = false;
  async function* endless(): ByteStream {
    try {
      for (;;) yield bytes;
    } finally {
      ended = true;
    }
  }
  await expectRefused(collect(verifying(endless(), expected), 1000), "OCI_SIZE_MISMATCH");
  expect(ended).toBe(true);
});

function goOn(beginning: Uint8Array, rest: Uint8Array): Promise<ByteStream | undefined> {
  return verifyingAfter(cut(Buffer.from(beginning), 2), expected, (received) =>
    Promise.resolve(received === beginning.length ? cut(rest, 5) : undefined),
  );
}

test.each([0, 1, 42, 43])("a stream that goes on after %i bytes is verified with them", async (received) => {
  const rest = await goOn(bytes.subarray(0, received), bytes.subarray(received));
  expect(Buffer.from(await collect(rest ?? cut(bytes, 1), 100))).toEqual(bytes.subarray(received));
});

test("a correct rest is refused after a wrong beginning, and a beginning that is too long at once", async () => {
  const rest = await goOn(Buffer.from("THE"), bytes.subarray(3));
  await expectRefused(collect(rest ?? cut(bytes, 1), 100), "OCI_DIGEST_MISMATCH");
  await expectRefused(goOn(Buffer.concat([bytes, bytes]), new Uint8Array()), "OCI_SIZE_MISMATCH");
});

test("collect takes exactly its bound and no byte more", async () => {
  expect(await collect(cut(bytes, 10), 43)).toHaveLength(43);
  await expectRefused(collect(cut(bytes, 10), 42), "OCI_LIMIT_EXCEEDED");
});

test("only a stream that verifying made, itself and with what was hashed before it, counts as proven", async () => {
  const expected = { digest: digestOf(bytes), size: bytes.length };
  const stream = verifying(cut(bytes, 7), expected);
  expect(provenDigest(stream)).toBe(expected.digest);
  const wrapped = (async function* (): ByteStream {
    yield* stream;
  })();
  expect(provenDigest(wrapped)).toBeUndefined();
  expect(provenDigest(cut(bytes, 7))).toBeUndefined();
  const rest = await goOn(bytes.subarray(0, 3), bytes.subarray(3));
  expect(rest && [provenDigest(rest), provenDigest(rest, 2), provenDigest(rest, 3)]).toEqual([
    undefined,
    undefined,
    expected.digest,
  ]);
});

describe.each([2 ** 31, 2 ** 32])("a content of more than %i bytes", (before) => {
  const tail = Buffer.from("the end");
  const expected = { digest: digestOf(tail), size: before + tail.length };
  // Simulates the bytes before, to show that no count and no comparison overflows.
  const verifyTail = async (bytes: Uint8Array): Promise<Uint8Array> =>
    collect(
      verifyingFrom(openContent(bytes), expected, { digester: withoutThread(createDigester()), received: before }),
      99,
    );

  test("is verified to its last byte [T150]", async () => {
    expect(Buffer.from(await verifyTail(tail)).toString()).toBe("the end");
    await expectRefused(verifyTail(Buffer.from("the enD")), "OCI_DIGEST_MISMATCH");
    await expectRefused(verifyTail(tail.subarray(0, -1)), "OCI_SIZE_MISMATCH");
    await expectRefused(verifyTail(Buffer.concat([tail, tail])), "OCI_SIZE_MISMATCH");
  });

  test("is not complete with its size modulo 2^32 [T150]", async () => {
    await expectRefused(collect(verifying(openContent(tail), expected), 99), "OCI_SIZE_MISMATCH", {
      message: expect.stringContaining(`${expected.size} bytes, only ${tail.length} received`) as string,
    });
  });
});
