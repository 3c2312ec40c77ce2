/** The machines of a story: one registry, one clock, and for each person a state directory and keys. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMaster, type Master, type ReleaseVersions } from "@dtuf/master";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { createPrivateKey } from "@dtuf/testing/keys";
import { createSigner, keyFromPem, type Key, type Signer } from "@dtuf/tuf";
import type { KeyName, Machine } from "./words.ts";

export const day = 86_400_000;

/** CI works every second day, so that nothing is due if it works. */
export const workingDays = 2;
const lifetimesMs = { timestamp: 5 * day };

export interface Cast extends AsyncDisposable {
  readonly directory: string;
  readonly clock: FixedClock;
  readonly store: LayoutStore;
  /** Opens the publisher of a machine anew, as a process does. */
  open(who: Machine): Master;
  giveKey(who: Machine, name: KeyName): Promise<void>;
  loseMachine(who: Machine): Promise<void>;
  publicKey(name: KeyName): Key;
  pem(name: KeyName): string;
  signer(name: KeyName): Signer;
  /** The newest root, which installers carry and new colleagues get. */
  readonly root: () => Uint8Array;
  /** Takes the root that CI knows as the newest. */
  readRoot(): Promise<void>;
}

export async function createCast(): Promise<Cast> {
  const memory = "/dev/shm";
  const directory = await mkdtemp(join(existsSync(memory) ? memory : tmpdir(), "dtuf-year-"));
  const clock = createFixedClock();
  const store = createLayoutStore({ directory: join(directory, "registry"), now: clock.now });
  const keys = new Map<KeyName, KeyObject>();
  const machines = new Map<Machine, readonly KeyName[]>([["ci", []]]);

  const keyOf = (name: KeyName): KeyObject => {
    const key = keys.get(name) ?? createPrivateKey();
    keys.set(name, key);
    return key;
  };
  const pem = (name: KeyName): string => String(createPublicKey(keyOf(name)).export({ format: "pem", type: "spki" }));
  const signer = (name: KeyName): Signer => createSigner(keyOf(name));
  const open = (who: Machine): Master =>
    createMaster({
      store,
      place: "the registry",
      directory: join(directory, who),
      now: clock.now,
      lifetimesMs,
      signers: (machines.get(who) ?? []).map(signer),
    });
  let root: Uint8Array = new Uint8Array();

  return {
    ...{ directory, clock, store, open, pem, signer },
    root: () => root,
    async readRoot() {
      root = await open("ci").rootFile();
    },
    async giveKey(who, name) {
      const isNew = !machines.has(who);
      machines.set(who, [...(machines.get(who) ?? []), name]);
      if (isNew) await open(who).adopt({ root });
    },
    async loseMachine(who) {
      machines.delete(who);
      await rm(join(directory, who), { recursive: true });
    },
    publicKey: (name) => keyFromPem(pem(name)),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** What a founder's machine needs before the first day: key files of every role and a first, empty release. */
export async function found(cast: Cast): Promise<ReleaseVersions> {
  const founder = cast.open("ci");
  const made = [await founder.createRootKey(), ...(await founder.createMetadataKeys())];
  await founder.createMetadata();
  await founder.pushMetadata();
  await cast.readRoot();
  for (const role of ["snapshot", "timestamp"] as const)
    await founder.addKey(role, cast.publicKey("ci"), { owner: "ci" });
  for (const owner of ["alice", "bob", "carol"]) await founder.addKey("root", cast.publicKey(owner), { owner });
  for (const owner of ["dave", "erin"]) await founder.addKey("targets", cast.publicKey(owner), { owner });
  for (const { role, keyId } of made) await founder.removeKey(role, keyId);
  await founder.setThreshold("root", 2);
  await founder.setThreshold("targets", 2);
  await founder.propose("people");
  await cast.giveKey("ci", "ci");
  for (const name of ["alice", "bob", "carol", "dave", "erin"]) {
    await cast.giveKey(name, name);
    if (name !== "carol") await cast.open(name).signProposal("people");
  }
  const accepted = await cast.open("ci").acceptProposal("people");
  if (accepted.state !== "published") throw new Error(`wanted published, got ${accepted.state}`);
  await cast.readRoot();
  return accepted.result.versions;
}
