/**
 * A demo that runs the command line like a user: keys, a release, another machine, an update, and three refused attacks.
 * It uses the embedded registry, or the registry that DTUF_HOST names.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { startFlippingProxy } from "./flipping-proxy.ts";
import { corruptLayoutBlob, rollBackLatest } from "./registry-attacker.ts";
import { createShell, type Shell } from "./shell.ts";
import { say, chapter, chapterEnd } from "./output.ts";

const root = await mkdtemp(join(tmpdir(), "dtuf-demo-"));
const host = process.env["DTUF_HOST"] ?? `oci:${join(root, "registry")}`;
const embedded = host.startsWith("oci:");
const repo = `demo/story-${Date.now().toString(36)}`;

const publisher = await machine("publisher", host);
const client = await machine("client", host);

/** A machine of the demo: it has its own directory and shares only the registry. */
async function machine(name: string, registry: string): Promise<Shell> {
  const directory = join(root, name);
  await mkdir(directory, { recursive: true });
  const passwords = Object.fromEntries(
    ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, `the ${role} passphrase`]),
  );
  return createShell({
    name,
    directory,
    environment: { DTUF_HOST: registry, DTUF_CONSOLE_LOG_LEVEL: "INFO", ...(name === "publisher" ? passwords : {}) },
  });
}

async function makeKeys(): Promise<void> {
  chapter("Keys", "The publisher makes a root key, which it keeps offline, and three keys for daily use.");
  await publisher.run(["create-root-key", repo]);
  await publisher.run(["create-metadata-keys", repo]);
  await publisher.run(["create-metadata", repo]);
}

async function publish(): Promise<void> {
  chapter("A release", "The publisher publishes the node that runs this demo, and a tarball of these sources.");
  await copyFile(process.execPath, join(publisher.directory, "node"));
  await publisher.system(["tar", "-czf", "sources.tgz", "-C", process.cwd(), "docs", "packages/tuf/src"]);
  await publisher.run(["push-target", repo, "node", "./node"]);
  await publisher.run(["push-target", repo, "sources.tgz", "./sources.tgz"]);
  say("Clients do not see it yet. One command makes the release visible:");
  await publisher.run(["push-metadata", repo]);
}

async function pull(): Promise<void> {
  chapter(
    "Another machine",
    "The client has only the root, received once, and trusts neither the registry nor the network.",
  );
  await publisher.run(["get-root", repo, "--output", "root.json"]);
  await copyFile(join(publisher.directory, "root.json"), join(client.directory, "root.json"));
  await client.run(["pull-metadata", repo, "root.json"]);
  await client.run(["pull-target", repo, "node", "sources.tgz", "--output", "."]);
  await client.system(["chmod", "+x", "node"]);
  say("The pulled node runs:");
  await client.system(["./node", "--version"]);
}

async function update(): Promise<void> {
  chapter("An update", "The publisher changes the tarball. The client reports which targets are new.");
  await writeFile(join(publisher.directory, "notes.txt"), `written at ${new Date().toISOString()}\n`);
  await publisher.system(["tar", "-czf", "sources.tgz", "notes.txt"]);
  await publisher.run(["push-target", repo, "sources.tgz", "./sources.tgz"]);
  await publisher.run(["push-metadata", repo]);
  await client.run(["pull-metadata", repo]);
  await client.run(["pull-target", repo, "sources.tgz", "--output", "."]);
  const [sent, got] = await Promise.all(
    [publisher, client].map(({ directory }) => readFile(join(directory, "sources.tgz"))),
  );
  if (sent === undefined || got === undefined || !sent.equals(got)) throw new Error("the pulled tarball differs");
  say("Both have the same bytes.");
}

async function corrupt(): Promise<void> {
  chapter("Attack: a changed byte", "An attacker who controls the registry changes one byte of the tarball.");
  const victim = await machine("victim", host);
  const target = await publisher.read(["blob-sizes", repo, "sources.tgz"], client);
  say(`(the tarball is one blob of ${target.trim()} bytes)`);
  await copyFile(join(client.directory, "root.json"), join(victim.directory, "root.json"));
  const attack = embedded
    ? await corruptLayoutBlob(host, repo, join(publisher.directory, "sources.tgz"))
    : await startFlippingProxy(host, join(publisher.directory, "sources.tgz"));
  victim.environment["DTUF_HOST"] = attack.host;
  if (!embedded) victim.environment["DTUF_INSECURE"] = "1";
  await victim.run(["pull-metadata", repo, "root.json"]);
  await victim.run(["pull-target", repo, "sources.tgz", "--output", "."], 6);
  await attack.end();
}

async function rollBack(): Promise<void> {
  chapter("Attack: an old release", "The attacker moves `latest` back to the previous release, with its old tarball.");
  const restore = await rollBackLatest(host, repo);
  await client.run(["pull-metadata", repo], 6);
  await restore();
}

/** @param roundSeconds duration of publishing and pulling on this machine: the timestamp must live longer */
async function expire(roundSeconds: number): Promise<void> {
  const seconds = Math.max(5, Math.ceil(roundSeconds * 4));
  chapter(
    "Attack: frozen in time",
    `The attacker withholds newer releases. The client notices when the timestamp expires, here after ${seconds} seconds.`,
  );
  publisher.environment["DTUF_TIMESTAMP_LIFETIME"] = `${seconds}s`;
  await publisher.run(["push-metadata", repo]);
  await client.run(["pull-metadata", repo]);
  await new Promise((resolve) => setTimeout(resolve, (seconds + 1) * 1000));
  await client.run(["pull-metadata", repo], 7);
  say("The publisher signs a new timestamp, and the client accepts it:");
  delete publisher.environment["DTUF_TIMESTAMP_LIFETIME"];
  await publisher.run(["refresh-metadata", repo]);
  await client.run(["pull-metadata", repo]);
}

try {
  say(
    `This is dtuf on ${embedded ? "its embedded registry" : host}, in ${root} (${basename(process.execPath)} ${process.version}).`,
  );
  for (const part of [makeKeys, publish, pull]) await part();
  const updating = performance.now();
  await update();
  const roundSeconds = (performance.now() - updating) / 1000;
  for (const part of [corrupt, rollBack]) await part();
  await expire(roundSeconds);
  chapterEnd("The demo succeeded: two releases pulled, three attacks refused.");
} finally {
  await rm(root, { recursive: true, force: true });
}
