/** What a count of 31 bits would lose: a target is hashed to its last byte. */
import { createTargetVerifier } from "@dtuf/tuf";
import { expect, test } from "vitest";

const length = 2 ** 31 + 1;
/** `head -c 2147483649 /dev/zero | sha256sum` */
const zeros = "b8030a8ab89280935633d8d991da3d9907c0f12e8b6fc3bfc515f4d440872b6e";

// One pass: on a CPU without SHA instructions it takes ten seconds.
test("a target of 2 GiB and a byte is verified by the hash of all of it [T150]", async () => {
  const verifier = createTargetVerifier({ length, hashes: new Map([["sha256", zeros]]), unrecognized: {} });
  const chunk = Buffer.alloc(1 << 20);
  for (let at = 0; at < length; at += chunk.length)
    verifier.update(chunk.subarray(0, Math.min(chunk.length, length - at)));
  expect(() => verifier.finish()).not.toThrow();
});
