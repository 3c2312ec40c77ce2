/** `sync` says what refers to its images and is not at the destination, and looks for it only if it is asked to. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { digestHex, parseTag, type Digest, type ManifestContent } from "@dtuf/registry";
import type { Ran } from "../cli/machine.ts";
import { putArtifact, putImage } from "./images.ts";
import { useTwoRegistries } from "./scene.ts";

const signature = "application/vnd.dev.cosign.artifact.sig.v1+json";
const { machine, source, target, sync: run } = useTwoRegistries();
let image: ManifestContent;
let signed: Digest;
let companion: string;

beforeEach(async () => {
  image = await putImage(source.store, { tags: ["1"] });
  const subject = image.descriptor;
  signed = (await putArtifact(source.store, { subject, artifactType: signature })).descriptor.digest;
  companion = `sha256-${digestHex(subject.digest)}.att`;
  await putArtifact(source.store, { tag: companion });
});

const sync = (...words: string[]): Promise<Ran> => {
  const ends = [`${source.registry.host}/fred/demo:1`, `${target.registry.host}/mirror`];
  return run("--src", "docker", "--dest", "docker", ...words, ...ends);
};

const asked = (): readonly string[] =>
  [source, target].flatMap(({ registry }) => registry.requests.map(({ method, path }) => `${method} ${path}`));

interface Report {
  readonly referrersLeftBehind?: number;
  readonly images: readonly { readonly leftBehind?: readonly { readonly digest: string }[] }[];
}

async function reported(): Promise<Report> {
  return JSON.parse(await readFile(join(machine.directory, "report.json"), "utf8")) as Report;
}

test("a plain run asks nothing about referrers, and says nothing of them", async () => {
  const before = asked();
  const ran = await sync("--json");
  expect(ran.status).toBe(0);
  expect(ran.stderr).not.toContain("referrer");
  expect(JSON.parse(ran.stdout)).not.toHaveProperty("referrersLeftBehind");
  const own = asked().filter((request) => !before.includes(request));
  expect(own).not.toEqual([]);
  expect(own.filter((request) => /referrers|sha256-|\.att/.test(request))).toEqual([]);
});

test("a report counts and names what was left behind: what has the image as its subject, and older tools' tags", async () => {
  const ran = await sync("--report", "report.json");
  expect(ran.status).toBe(0);
  expect(ran.stderr).toContain(`2 referrers left behind of docker://${source.registry.host}/fred/demo:1: ${signed}`);
  expect(ran.stderr).toContain(`(${signature})`);
  expect(ran.stderr).toContain(`(${companion})`);
  const report = await reported();
  expect(report.referrersLeftBehind).toBe(2);
  expect(report.images[0]?.leftBehind?.map(({ digest }) => digest)).toContain(signed);
});

test("--require-referrers ends with 11 until they are there, with 0 from then on", async () => {
  expect((await sync("--require-referrers")).status).toBe(11);
  expect((await sync("--dry-run", "--require-referrers")).status).toBe(11);
  expect((await sync("--require-referrers", "--referrers", "--report", "report.json")).status).toBe(0);
  expect(await reported()).toMatchObject({ referrersLeftBehind: 0 });
  expect((await sync("--require-referrers")).status).toBe(0);
});

test("a referrer that the destination takes and does not list was left behind, although it was carried", async () => {
  const body = JSON.stringify({ schemaVersion: 2, manifests: [] });
  const headers = { "content-type": "application/vnd.oci.image.index.v1+json" };
  target.registry.script({ match: { path: /referrers/ }, fault: { kind: "answer", status: 200, body, headers } });
  const ran = await sync("--referrers", "--report", "report.json");
  expect(ran).toMatchObject({ status: 0, stderr: expect.stringContaining(`1 referrer left behind`) as string });
  expect((await reported()).images[0]?.leftBehind).toEqual([{ digest: signed, artifactType: signature }]);
  expect((await sync("--referrers", "--require-referrers")).status).toBe(11);
});

test("signatures that were to be left behind are named too, and cannot be required", async () => {
  const ran = await sync("--referrers", "--remove-signatures", "--report", "report.json");
  expect(ran.status).toBe(0);
  expect((await reported()).images[0]?.leftBehind).toEqual([{ digest: signed, artifactType: signature }]);
  expect((await sync("--referrers", "--remove-signatures", "--require-referrers")).status).toBe(2);
});

test("a source that cannot tell fails the image if referrers are required, and no other run", async () => {
  source.registry.script({ match: { path: /referrers/ }, fault: { kind: "answer", status: 403 } });
  expect((await sync("--report", "report.json")).status).toBe(0);
  expect(await reported()).not.toHaveProperty("referrersLeftBehind");
  const ran = await sync("--require-referrers");
  expect(ran.status).toBe(13);
  expect(await target.client.repository("mirror/demo").resolve(parseTag("1"), { want: "digest" })).toBeDefined();
});
