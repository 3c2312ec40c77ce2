/** Every command, run once as the documents show it: with a fixed clock, fixed keys and an embedded registry. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { main } from "dtuf";
import { createHostileRegistry } from "@dtuf/testing";
import { createTestIo } from "@dtuf/testing/test-io";
import { createSigner, parseTargetPath, signDocument, specVersion } from "@dtuf/tuf";
import { commands } from "../../packages/cli/src/table.ts";
import { createMachine, type Machine } from "../cli/machine.ts";

export interface Story {
  /** As it is typed, without the program. */
  readonly line: string;
  /** It makes what a later one needs, and is not shown. */
  readonly part?: "preparation";
  /** Default: the embedded registry. */
  readonly host?: "registry";
  readonly stdin?: string;
  /** "none": stdout is bytes, or the run refuses `--json`. */
  readonly json?: "none";
}

/** In this order: each finds what those before it left. A new command needs one here. */
export const stories: readonly Story[] = [
  { line: "init fred/other" },
  { line: "create-root-key fred/steps" },
  { line: "create-metadata-keys fred/steps" },
  { line: "create-metadata fred/steps", part: "preparation" },
  { line: "create-bins fred/steps --count 16384" },
  { line: "resize-bins fred/steps --count 1024" },
  { line: "create-metadata fred/demo" },
  { line: "push-target fred/demo app-1.3.tgz app-1.3.tgz" },
  { line: "push-metadata fred/demo --record-out push.record" },
  { line: "get-root fred/demo --output root.json" },
  { line: "pull fred/demo --root root.json --output files" },
  { line: "publish fred/demo app-1.4.tgz" },
  { line: "push-targets fred/demo dist --prefix 1.4" },
  { line: "push-metadata fred/demo", part: "preparation" },
  { line: "release fred/demo app 1.3.0 app-1.3.tgz --rollout 10%" },
  { line: "rollout fred/demo app 1.3.0 50%" },
  { line: "release fred/demo app 1.4.0 app-1.4.tgz", part: "preparation" },
  { line: "revoke-release fred/demo app 1.4.0 1.3.0" },
  { line: "push-target fred/demo extra app-1.3.tgz", part: "preparation" },
  { line: "unstage-target fred/demo extra" },
  { line: "del-target fred/demo app-1.3.tgz" },
  { line: "status fred/demo" },
  { line: "status fred/demo --html status.html --calendar expiries.ics", part: "preparation" },
  { line: "push-metadata fred/demo", part: "preparation" },
  { line: "refresh-metadata fred/demo" },
  { line: "list-master-targets fred/demo" },
  { line: "get-master-expirations fred/demo" },
  { line: "list-releases fred/demo" },
  { line: "rollback-release fred/demo 3 --dry-run" },
  { line: "prune fred/demo" },
  { line: "adopt-metadata fred/demo root.json --repositories-root second" },
  { line: "create-key keys/alice --from alice.pem" },
  { line: "add-key fred/demo root keys/alice.pub --owner alice" },
  { line: "list-keys fred/demo" },
  { line: "set-threshold fred/demo root 2" },
  { line: "set-threshold fred/demo root 1", part: "preparation" },
  { line: "set-periods fred/demo timestamp 7 3" },
  { line: "remove-key fred/demo root alice" },
  { line: "reset-keys fred/demo" },
  { line: "push-metadata fred/demo", part: "preparation" },
  { line: "push-target fred/demo notes.txt app-1.3.tgz", part: "preparation" },
  { line: "diff fred/demo" },
  { line: "propose fred/demo release-2" },
  { line: "review fred/demo release-2" },
  { line: "sign fred/demo --proposal release-2 --yes" },
  { line: "sign fred/demo --proposal release-2 --export release-2.sign", part: "preparation" },
  { line: "sign-file release-2.sign --signer file2:keys/alice --yes" },
  { line: "accept fred/demo release-2" },
  { line: "push-blob fred/demo hammer", part: "preparation" },
  { line: "delegate-role fred/demo tools tools-1.json --path tools/* --key tools.pub" },
  { line: "push-metadata fred/demo", part: "preparation" },
  { line: "update-role fred/demo tools tools-2.json" },
  { line: "push-metadata fred/demo", part: "preparation" },
  { line: "pin fred/demo root.json --repositories-root third" },
  { line: "pull-metadata fred/demo" },
  { line: "pull-target fred/demo app-1.4.tgz --output files" },
  { line: "blob-sizes fred/demo app-1.4.tgz" },
  { line: "check-target fred/demo app-1.4.tgz app-1.4.tgz" },
  { line: "list-copy-targets fred/demo" },
  { line: "get-copy-expirations fred/demo" },
  { line: "inspect fred/demo" },
  { line: "explain fred/demo tools/hammer" },
  { line: "agent run agent.json --once", json: "none" },
  { line: "agent status agent.json" },
  { line: "tree fred/demo" },
  { line: "status fred/demo --root root.json", part: "preparation" },
  { line: "verify-repository fred/demo --root root.json" },
  { line: "export fred/demo demo.tar --tuf root.json" },
  { line: "import demo.tar fred/carried --tuf root.json" },
  { line: "export-repository fred/demo site --root root.json" },
  { line: "import-repository fred/taken --metadata-url SITE --root root.json" },
  { line: "revoke-role fred/demo tools" },
  { line: "push-blob fred/demo logo.png @logo" },
  { line: "pull-blob fred/demo @logo", json: "none" },
  { line: "blob-size fred/demo @logo" },
  { line: "set-alias fred/demo both ./logo.png ./app-1.4.tgz", json: "none" },
  { line: "get-alias fred/demo both" },
  { line: "get-digest fred/demo logo" },
  { line: "get-manifest fred/demo logo", json: "none" },
  { line: "resolve fred/demo logo" },
  { line: "push-blob fred/demo logo.png", host: "registry", part: "preparation" },
  { line: "mount-blob fred/other fred/demo LOGO", host: "registry" },
  { line: "list-aliases fred/demo" },
  { line: "del-alias fred/demo both" },
  { line: "del-blob fred/demo LOGO" },
  { line: "sync oci:registry/fred/other oci-archive:other.tar" },
  { line: "list-repos" },
  { line: "login --username fred --password-stdin --plain-text", host: "registry", stdin: "secret" },
  { line: "auth fred/demo pull", host: "registry" },
  { line: "logout", host: "registry" },
  { line: "help TUF_EXPIRED" },
  { line: "completion fish", json: "none" },
];

export const start: Date = new Date("2026-12-01T10:00:00Z");

export interface Told {
  readonly story: Story;
  readonly command: string;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Every story on a machine of its own, one after the other. */
export async function tellStories(form: "text" | "json"): Promise<readonly Told[]> {
  // Where long lines of the page break depends on the length of this path.
  await using machine = await createMachine({ HOME: "/home/fred" }, "/tmp");
  await using registry = await createHostileRegistry();
  await prepare(machine);
  const told: Told[] = [];
  for (const story of stories) {
    const { line, host, stdin, json } = story;
    const [command = ""] = line.split(" ");
    const takesJson =
      json !== "none" && commands.some((each) => each.name === command && each.settings.includes("json"));
    const words = filled(line, machine)
      .split(" ")
      .concat(form === "json" && takesJson ? ["--json"] : []);
    const env = {
      ...machine.environment,
      ...(host === undefined ? { DTUF_HOST: "oci:registry" } : { DTUF_HOST: registry.host, DTUF_INSECURE: "1" }),
    };
    const world = createTestIo({
      ...{ argv: words, cwd: machine.directory, env, now: () => start },
      ...(stdin === undefined ? {} : { stdin }),
    });
    const stdout = {
      ...world.io.stdout,
      terminal: form === "text" ? ("terminal" as const) : ("pipe" as const),
      columns: 100,
    };
    const status = await main("dtuf", { ...world.io, home: machine.directory, stdout });
    const shown = (text: string): string =>
      text.replaceAll(machine.directory, "/home/fred").replaceAll(registry.host, "registry.example.com");
    told.push({ story, command, status, stdout: shown(world.stdout()), stderr: shown(world.stderr()) });
  }
  return told;
}

const logo = `sha256:${createHash("sha256").update("a logo").digest("hex")}`;

function filled(line: string, machine: Machine): string {
  return line.replace("SITE", `file://${machine.directory}/site/metadata/`).replace("LOGO", logo);
}

/** The line as the documents show it. */
export function shownLine({ line }: Story): string {
  return line.replace("SITE", "https://tuf.example.com/metadata/").replace("LOGO", logo);
}

async function prepare(machine: Machine): Promise<void> {
  const write = (name: string, content: string | Uint8Array): Promise<void> =>
    writeFile(join(machine.directory, name), content);
  const keys = join("dtuf_repos", "fred", "demo", "master", "keys");
  for (const directory of [keys, "dist", "agent"])
    await mkdir(join(machine.directory, directory), { recursive: true, mode: 0o700 });
  for (const role of ["root", "targets", "snapshot", "timestamp"]) {
    await writeFile(join(machine.directory, keys, `${role}_key`), privatePem(fixedKey(role)), { mode: 0o600 });
    await write(join(keys, `${role}_key.pub`), publicPem(fixedKey(role)));
  }
  await write("alice.pem", privatePem(fixedKey("alice")));
  await write("tools.pub", publicPem(fixedKey("tools")));
  for (const [name, content] of [
    ["app-1.3.tgz", "app 1.3"],
    ["app-1.4.tgz", "app 1.4"],
    ["logo.png", "a logo"],
    ["hammer", "hammer"],
    ["agent.json", agentSettings],
    ["agent/agent.json", agentState],
    ["dist/one.txt", "one"],
    ["dist/two.txt", "two"],
  ] as const) {
    await write(name, content);
  }
  for (const version of [1, 2]) await write(`tools-${version}.json`, await signTools(version));
}

const agentSettings = JSON.stringify({
  ...{ repository: "fred/demo", root: "root.json", name: "app", directory: "agent" },
  install: { kind: "file", path: "installed" },
});

/** The machine's id decides which rollouts reach it: this one is in none of the examples'. */
const agentState = JSON.stringify({
  ...{ stateVersion: 1, installId: "00000001-0000-4000-8000-000000000000", skipped: [], reverted: [], firstSeen: {} },
});

/** What the holder of a delegated role's key does. */
function signTools(version: number): Promise<Uint8Array> {
  const hashes = new Map([["sha256", createHash("sha256").update("hammer").digest("hex")]]);
  const targets = new Map([[parseTargetPath("tools/hammer"), { length: 6, hashes, unrecognized: {} }]]);
  const expires = new Date("2027-12-01T10:00:00Z");
  const document = { type: "targets", specVersion, version, expires, targets, unrecognized: {} } as const;
  return signDocument(document, [createSigner(fixedKey("tools"))]);
}

/** An ed25519 key whose seed is the hash of its name, in PKCS#8. */
function fixedKey(name: string): KeyObject {
  const seed = createHash("sha256").update(name).digest();
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function privatePem(key: KeyObject): string {
  return String(key.export({ format: "pem", type: "pkcs8" }));
}

function publicPem(key: KeyObject): string {
  return String(createPublicKey(key).export({ format: "pem", type: "spki" }));
}
