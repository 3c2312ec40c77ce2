/** What goes wrong in a ceremony is refused with a code; what was staged stays staged, and clients see the old release. */
import { join } from "node:path";
import { createMaster, openSigningRequest, type Master } from "@dtuf/master";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import type { Signer } from "@dtuf/tuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCast, found, type Cast } from "./cast.ts";
import { contentOf } from "./steps.ts";

let cast: Cast;

/** Dave has staged `app`; targets need him and Erin. */
beforeEach(async () => {
  cast = await createCast();
  await found(cast);
  await cast.open("dave").listProposals();
  await cast.open("dave").pushTarget("app", [contentOf("1.0")]);
});
afterEach(() => cast[Symbol.asyncDispose]());

const read = async (): Promise<string | undefined> =>
  readTarget(cast.store, await readRelease(cast.store, cast.root(), cast.clock.now()), "app");

/** Nothing was published, Dave's change is still staged, and the ceremony can be held. */
async function holdCeremony(): Promise<void> {
  expect(await read()).toBeUndefined();
  expect((await cast.open("dave").staged()).targets).toMatchObject([{ path: "app", change: "add" }]);
  const { hash } = await cast.open("dave").propose("next");
  await cast.open("erin").signProposal("next", { expectHash: hash });
  await cast.open("ci").acceptProposal("next");
  expect(await read()).toBe("1.0");
}

/** Erin's machine with another signer in the place of hers. */
const erinWith = (signer: Signer): Master =>
  createMaster({
    store: cast.store,
    place: "the registry",
    directory: join(cast.directory, "erin"),
    now: cast.clock.now,
    signers: [signer],
  });

test("with a clock in the past nobody proposes, reviews, signs or accepts, unless it is trusted", async () => {
  const { hash } = await cast.open("dave").propose("next");
  await cast.open("erin").reviewProposal("next");
  cast.clock.advance({ days: -2 });
  const [dave, erin, ci] = [cast.open("dave"), cast.open("erin"), cast.open("ci")];
  const calls = [
    () => dave.propose("next"),
    () => dave.exportProposal("next"),
    () => erin.reviewProposal("next"),
    () => erin.signProposal("next", { expectHash: hash }),
    () => ci.acceptProposal("next"),
  ];
  for (const call of calls) await expectRefused(call, "MASTER_CLOCK_SUSPECT");
  expect((await erin.reviewProposal("next", { clock: "trusted" })).signatures[0]?.signed).toHaveLength(1);
  cast.clock.advance({ days: 2 });
  await holdCeremony();
});

test("a signature that was made in a file for an older proposal is not taken for the newer one", async () => {
  await cast.open("dave").propose("next");
  const request = await openSigningRequest(await cast.open("dave").exportProposal("next"));
  const { file } = await request.sign([cast.signer("erin")]);
  await cast.open("dave").propose("next");
  await expectRefused(cast.open("dave").importSignatures([file]), "MASTER_PROPOSAL_CHANGED");
  await expectRefused(cast.open("ci").acceptProposal("next"), "MASTER_SIGNATURES_MISSING");
  await holdCeremony();
});

test("a signer that fails, or that signs with another key, leaves the proposal without its signature", async () => {
  const { hash } = await cast.open("dave").propose("next");
  const { key, keyId } = cast.signer("erin");
  const unplugged = erinWith({ key, keyId, sign: () => Promise.reject(new Error("the token was removed")) });
  await expect(unplugged.signProposal("next", { expectHash: hash })).rejects.toThrow("the token was removed");
  const other = cast.signer("mallory");
  const swapped = erinWith({ key, keyId, sign: (payload) => other.sign(payload) });
  await expectRefused(swapped.signProposal("next", { expectHash: hash }), "TUF_SIGNER_MISMATCH");
  expect((await cast.open("dave").reviewProposal("next")).signatures[0]?.signed).toMatchObject([{ owner: "dave" }]);
  await holdCeremony();
});

test("a wrong passphrase of a key file publishes nothing, and the right one goes on", async () => {
  const open = (passphrase: string): Master =>
    createMaster({
      store: cast.store,
      place: "the registry",
      directory: join(cast.directory, "solo"),
      now: cast.clock.now,
      passphrase: ({ role }) => Promise.resolve(role === "targets" ? passphrase : undefined),
    });
  const solo = open("right");
  await solo.createRootKey();
  await solo.createMetadataKeys();
  await solo.createMetadata({ existing: "replace" });
  await solo.pushMetadata({ base: "replace" });
  await solo.pushTarget("app", [contentOf("solo")]);
  await expectRefused(open("wrong").propose("next"), "MASTER_PASSPHRASE_WRONG");
  expect((await solo.staged()).targets).toHaveLength(1);
  expect(await solo.listProposals()).toEqual([]);
  await expectRefused(open("wrong").pushMetadata(), "MASTER_PASSPHRASE_WRONG");
  expect((await open("right").propose("next")).state).toBe("ready");
  await open("right").acceptProposal("next");
  const set = await readRelease(cast.store, await solo.rootFile(), cast.clock.now());
  expect(await readTarget(cast.store, set, "app")).toBe("solo");
});
