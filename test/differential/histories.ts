/** Random histories of a repository, honest steps and attacks mixed, each step small enough to be shrunk away. */
import { createTestSigner } from "@dtuf/testing/keys";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import type { TopLevelRole } from "@dtuf/tuf";
import fc from "fast-check";

/** Names and patterns on which both clients' dialects agree; where they do not is tested by name. */
export const paths: readonly string[] = ["a", "b.txt", "dir/a", "dir/b", "dir/sub/c"];
const patterns = ["*", "dir/*", "dir/?", "b.*", "*/*/*", "a"];
const delegated = ["alpha", "beta", "gamma"];
const roles = ["root", "timestamp", "snapshot", "targets"] as const;

interface Delegate {
  readonly kind: "delegate";
  readonly from: string;
  readonly to: string;
  readonly pattern: string;
  readonly terminating: boolean;
}

interface Change {
  readonly kind: "change";
  readonly what:
    | "rotate"
    | "expire"
    | "renew"
    | "roll back"
    | "jump"
    | "two of two"
    | "one signer less"
    | "strangers sign";
  readonly role: TopLevelRole;
}

interface Tamper {
  readonly kind: "tamper";
  readonly how: "flip a bit" | "truncate" | "remove" | "swap";
  readonly file: number;
  readonly other: number;
  readonly at: number;
}

export type Step =
  | { readonly kind: "release" | "root" | "refresh" | "forget hashes" | "corrupt targets" }
  | { readonly kind: "target"; readonly path: string; readonly role: string; readonly content: number }
  | { readonly kind: "unlist"; readonly role: string }
  | Delegate
  | Change
  | Tamper;

const role = fc.constantFrom(...roles);
const changes: readonly Change["what"][] = [
  "rotate",
  "expire",
  "renew",
  "roll back",
  "jump",
  "two of two",
  "one signer less",
  "strangers sign",
];
const index = fc.nat(40);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constantFrom("release", "release", "root", "refresh") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("forget hashes", "corrupt targets") }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("target"),
      path: fc.constantFrom(...paths),
      role: fc.constantFrom("targets", ...delegated),
      content: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("unlist"), role: fc.constantFrom(...delegated) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("delegate"),
      from: fc.constantFrom("targets", ...delegated),
      to: fc.constantFrom(...delegated),
      pattern: fc.constantFrom(...patterns),
      terminating: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("change"), what: fc.constantFrom(...changes), role }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("tamper"),
      how: fc.constantFrom("flip a bit", "truncate", "remove", "swap"),
      file: index,
      other: index,
      at: fc.nat(40_000),
    }),
  },
);

export const history: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 1, maxLength: 14 });

/** Where every history begins: targets, a role that is trusted first, one that ends the search, one below another. */
export async function begin(sim: TufSimulator): Promise<void> {
  sim.addTarget("a", Buffer.from("a of targets"));
  sim.addDelegation("targets", { name: "alpha", paths: ["dir/*"] });
  sim.addDelegation("targets", { name: "beta", paths: ["dir/?", "b.*"], terminating: true });
  sim.addDelegation("alpha", { name: "gamma", paths: ["dir/b", "*/*/*"] });
  for (const [role, path] of [
    ["alpha", "dir/a"],
    ["beta", "dir/a"],
    ["beta", "b.txt"],
    ["gamma", "dir/b"],
    ["gamma", "b.txt"],
  ] as const) {
    sim.addTarget(path, Buffer.from(`${path} of ${role}`), { role });
  }
  await sim.publishRelease();
}

/** What the step does to the repository; "refresh" is the clients' affair. */
export async function take(sim: TufSimulator, step: Step): Promise<void> {
  switch (step.kind) {
    case "refresh":
      return;
    case "release":
      return sim.publishRelease();
    case "root":
      sim.root.version += 1;
      await sim.publishRoot();
      return;
    case "target":
      if (step.role === "targets" || sim.delegates.has(step.role)) {
        sim.addTarget(step.path, Buffer.from(`${step.path} ${step.content}`), { role: step.role });
      }
      return;
    case "delegate":
      delegate(sim, step);
      return;
    case "unlist":
      sim.snapshot.meta.delete(`${step.role}.json`);
      sim.delegates.delete(step.role);
      return;
    case "tamper":
      tamper(sim, step);
      return;
    case "change":
      change(sim, step);
      return;
    case "forget hashes":
      sim.metaHashes = "versions-only";
      return;
    case "corrupt targets":
      for (const [path, bytes] of sim.targetFiles) sim.targetFiles.set(path, Buffer.concat([bytes, bytes]));
  }
}

function delegate(sim: TufSimulator, { from, to, pattern, terminating }: Delegate): void {
  const delegator = from === "targets" ? sim.targets : sim.delegates.get(from);
  const listed = delegator?.delegations?.kind === "listed" ? delegator.delegations.roles : [];
  if (delegator === undefined || listed.some(({ name }) => name === to)) return;
  const signers = sim.signers.get(to);
  sim.signers.delete(to);
  sim.addDelegation(from, { name: to, paths: [pattern], terminating, ...(signers === undefined ? {} : { signers }) });
}

const dayMs = 24 * 3600 * 1000;

function change(sim: TufSimulator, { what, role }: Change): void {
  const document = sim[role];
  const signers = sim.signers.get(role) ?? [];
  switch (what) {
    case "rotate":
      return sim.rotateKeys(role);
    case "expire":
      document.expires = new Date(Date.now() - dayMs);
      return;
    case "renew":
      document.expires = new Date(Date.now() + 30 * dayMs);
      return;
    case "roll back":
      document.version = Math.max(1, document.version - 2);
      return;
    case "jump":
      document.version += 3;
      return;
    case "two of two":
      sim.root.roles[role].threshold = 2;
      return sim.addSigner(role, createTestSigner());
    case "one signer less":
      sim.signers.set(role, signers.slice(1));
      return;
    case "strangers sign":
      sim.signers.set(role, [createTestSigner()]);
  }
}

function tamper(sim: TufSimulator, { how, file, other, at }: Tamper): void {
  const names = [...sim.files.keys()];
  // The pin was handed over; nobody serves it.
  const served = names.filter((name) => name !== "1.root.json");
  const name = served[file % served.length] ?? "";
  const bytes = Buffer.from(sim.files.get(name) ?? []);
  switch (how) {
    case "remove":
      sim.files.delete(name);
      return;
    case "truncate":
      sim.files.set(name, bytes.subarray(0, bytes.length / 2));
      return;
    case "swap":
      sim.files.set(name, sim.files.get(names[other % names.length] ?? "") ?? bytes);
      return;
    case "flip a bit":
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << (at % 7));
      sim.files.set(name, bytes);
  }
}
