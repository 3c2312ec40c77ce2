/** What each word of a story does. */
import type { AcceptedProposal, ReleaseVersions, TargetPart } from "@dtuf/master";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { keyIdOf } from "@dtuf/tuf";
import { expect } from "vitest";
import { day, type Cast } from "./cast.ts";
import type { Clients } from "./clients.ts";
import { forgeProposal, forgeRelease } from "./thief.ts";
import type { Change, Machine, Step } from "./words.ts";

export interface World {
  readonly cast: Cast;
  /** Hashes of the newest proposals, as their proposers read them out. */
  readonly hashes: Map<string, string>;
  /** The number of the release that was the newest before the events of a day. */
  readonly releases: Map<number, number>;
  readonly clients: Clients;
  /** Of the newest release. */
  versions: ReleaseVersions;
  /** False while CI is down. */
  isUp: boolean;
  day: number;
}

type Of<Word extends Step["do"]> = Extract<Step, { readonly do: Word }>;

const doing: { readonly [Word in Step["do"]]: (world: World, step: Of<Word>) => Promise<void> } = {
  "get key": ({ cast }, { who, key }) => cast.giveKey(who, key),
  "lose machine": ({ cast }, { who }) => cast.loseMachine(who),
  async stage(world, { who, changes, of }) {
    // Changes are staged on what this machine knows.
    await world.cast.open(who).listProposals();
    for (const change of changes) await stage(world, who, { change, of });
  },
  async propose({ cast, hashes }, { who, as, of: role, refused }) {
    const proposing = cast.open(who).propose(as, { role });
    if (refused !== undefined) return expectRefused(proposing, refused);
    hashes.set(as, (await proposing).hash);
  },
  async sign({ cast, hashes }, { who, as, refused }) {
    const signing = cast.open(who).signProposal(as, { expectHash: hashes.get(as) });
    if (refused !== undefined) return expectRefused(signing, refused);
    expect((await signing).added, `${who} signs ${as}`).not.toEqual([]);
  },
  async accept(world, { who, as, refused }) {
    const accepting = world.cast.open(who).acceptProposal(as);
    if (refused !== undefined) return expectRefused(accepting, refused);
    await note(world, await accepting);
  },
  async "accept at once"(world, { each }) {
    const results = await Promise.all(each.map(({ who, as }) => world.cast.open(who).acceptProposal(as)));
    for (const accepted of results) await note(world, accepted);
    const rebased = results.map((accepted) => (accepted.state === "published" ? accepted.result.rebased : 0));
    expect(Math.max(...rebased), "one of them must have been second").toBeGreaterThan(0);
  },
  async "forge proposal"({ cast }, { of, put, keys }) {
    const expires = new Date(cast.clock.now().getTime() + 90 * day);
    const forged = { role: of, path: put, content: "of the thief", expires };
    await forgeProposal(
      cast.store,
      keys.map((key) => cast.signer(key)),
      forged,
    );
  },
  async "forge release"(world, { key }) {
    const { cast, clients, day: today } = world;
    await forgeRelease(cast.store, cast.signer(key), new Date(cast.clock.now().getTime() + day));
    await clients.refuse({ day: today, isEventful: true }, "TUF_THRESHOLD_NOT_MET");
    world.versions = (await cast.open("ci").refreshMetadata({ base: "recorded" })).versions;
  },
  async "vouch for the snapshot"(world) {
    world.versions = (await world.cast.open("ci").refreshMetadata({ snapshot: "if-due" })).versions;
  },
  async "stop CI"(world) {
    world.isUp = false;
  },
  async "start CI"(world) {
    world.isUp = true;
    world.versions = (await world.cast.open("ci").refreshMetadata()).versions;
  },
};

async function note(world: World, accepted: AcceptedProposal): Promise<void> {
  if (accepted.state !== "published") throw new Error(`wanted published, got ${accepted.state}`);
  const { versions } = accepted.result;
  if (versions.timestamp > world.versions.timestamp) world.versions = versions;
  await world.cast.readRoot();
}

export async function take(world: World, step: Step): Promise<void> {
  await (doing[step.do] as (world: World, step: Step) => Promise<void>)(world, step);
}

interface Staged {
  readonly change: Change;
  /** A delegated role. */
  readonly of: string | undefined;
}

async function stage({ cast, releases }: World, who: Machine, { change, of }: Staged): Promise<void> {
  const master = cast.open(who);
  if ("put" in change) {
    const parts = [contentOf(change.content)];
    if (of === undefined) await master.pushTarget(change.put, parts);
    else await master.pushRoleTarget(of, { name: change.put, parts });
  } else if ("drop" in change) {
    await (of === undefined ? master.deleteTarget(change.drop) : master.deleteRoleTarget(of, change.drop));
  } else if ("into" in change) {
    await master.addKey(change.into, cast.publicKey(change.key), { owner: change.key });
  } else if ("outOf" in change) {
    await master.removeKey(change.outOf, keyIdOf(cast.publicKey(change.key)));
  } else if ("threshold" in change) {
    await master.setThreshold(change.of, change.threshold);
  } else if ("trust" in change) {
    await master.delegate(change.role, { paths: change.paths, keys: [cast.pem(change.trust)] });
  } else {
    await master.stageRelease(releases.get(change.backBefore) ?? 0);
  }
}

export function contentOf(text: string): TargetPart {
  return {
    kind: "content",
    content: {
      async *open(offset) {
        yield Buffer.from(text).subarray(offset);
      },
    },
  };
}
