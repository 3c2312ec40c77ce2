import { randomBytes } from "node:crypto";
import { blobOf, sourceOf } from "@dtuf/testing/oci-content";
import { expect, test } from "vitest";
import type { ByteStream } from "./content.ts";
import { createFirstReading } from "./first-reading.ts";

const bytes = randomBytes(300_000);
const content = { source: sourceOf(bytes, 100_000), size: bytes.length, name: "new" };

test("a first reading has one end, also if it is finished while a body still looks for its end", async () => {
  const reading = createFirstReading(content);
  const body = reading.rest()[Symbol.asyncIterator]();
  for (let chunk = 0; chunk < 3; chunk += 1) await body.next();
  const [end, one, two] = await Promise.all([body.next(), reading.finish(), reading.finish()]);
  expect(end.done).toBe(true);
  expect([one, two]).toEqual([blobOf(bytes), blobOf(bytes)]);
  await reading.end();
});

test("a first reading that fails has that error for everybody", async () => {
  const source = {
    async *open(): ByteStream {
      yield bytes.subarray(0, 1000);
      throw new TypeError("unplugged");
    },
  };
  const reading = createFirstReading({ ...content, source });
  await expect(Promise.all([reading.finish(), reading.finish()])).rejects.toThrow("unplugged");
  await expect(reading.finish()).rejects.toThrow("unplugged");
  expect(reading.fault?.error).toBeInstanceOf(TypeError);
  await reading.end();
});

test("a first reading that was ended reads no more", async () => {
  const reading = createFirstReading(content);
  const body = reading.rest()[Symbol.asyncIterator]();
  await body.next();
  await reading.end();
  await expect(body.next()).rejects.toThrow(TypeError);
});
