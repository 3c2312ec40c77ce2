import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { digestOf, type Descriptor } from "@dtuf/registry";
import { parseRoleName, parseTargetPath, type JsonObject } from "@dtuf/tuf";
import { describe, expect, test } from "vitest";
import { indexMediaType } from "./media-types.ts";
import { metadataFileName } from "./metadata-file.ts";
import { encodeProposal } from "./proposal.ts";
import { encodeRelease } from "./release.ts";
import { encodeRole } from "./role.ts";
import { plainRoleTag, proposalTag, roleTag, targetTag } from "./tags.ts";
import { withTargetBlobs, withTargetIndex } from "./target-blobs.ts";
import { encodeTarget } from "./target.ts";

/**
 * Vectors let other implementations verify theirs: input, and the manifest byte for byte.
 * DTUF_WRITE_VECTORS=1 writes them again; a change of one is a change of the format.
 */
const directory = new URL("./vectors/", import.meta.url);

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (text: string): string => digestOf(bytesOf(text)).slice("sha256:".length);
const target = (text: string, custom?: JsonObject): Parameters<typeof encodeTarget>[1] => ({
  length: bytesOf(text).length,
  hashes: new Map([["sha256", sha256(text)]]),
  unrecognized: {},
  ...(custom === undefined ? {} : { custom }),
});

const blobs = ["first part, ", "second part"].map((text) => ({
  mediaType: "application/vnd.tuf.target",
  digest: digestOf(bytesOf(text)),
  size: bytesOf(text).length,
}));

function describeIndex(text: string): Descriptor {
  return { mediaType: indexMediaType, digest: digestOf(bytesOf(text)), size: bytesOf(text).length };
}

const artifacts = {
  release: encodeRelease({
    files: ["1.root.json", "2.root.json", "7.snapshot.json", "5.targets.json", "timestamp.json"].map((name) => ({
      name,
      bytes: bytesOf(`{"content of":"${name}"}\n`),
    })),
    timestampVersion: 9,
    predecessor: digestOf(bytesOf("the release before")),
  }),
  proposal: encodeProposal(
    {
      name: "next",
      number: 2,
      base: digestOf(bytesOf("the release before")),
      files: [
        { role: "root", version: 2, sha256: sha256("signed part of 2.root.json"), follows: sha256("1.root.json") },
        { role: "team/a", version: 1, sha256: sha256("signed part of 1.team/a.json") },
      ],
    },
    ["2.root.json", "1.team/a.json"].map((name) => ({ name, bytes: bytesOf(`{"content of":"${name}"}\n`) })),
  ),
  role: encodeRole({
    name: parseRoleName("team/a"),
    version: 3,
    metadata: bytesOf('{"content of":"a delegated role"}\n'),
    keeps: new Map([[parseTargetPath("a.bin"), target("content of a.bin")]]),
  })[0],
  target: encodeTarget(parseTargetPath("dir/demo.txt"), target("demo\n")),
  "target-of-blobs": encodeTarget(
    parseTargetPath("parts.bin"),
    target("first part, second part", withTargetBlobs(undefined, blobs)),
  ),
  "target-with-index": encodeTarget(
    parseTargetPath("app.bin"),
    target("content of app.bin", withTargetIndex(undefined, describeIndex("its index"))),
  ),
};

const tags = {
  "target demo.txt": targetTag(sha256("demo\n"), parseTargetPath("demo.txt")),
  "target dir/demo.txt": targetTag(sha256("demo\n"), parseTargetPath("dir/demo.txt")),
  "target ünïcode": targetTag(sha256("demo\n"), parseTargetPath("ünïcode")),
  "role team": roleTag(parseRoleName("team"), 3),
  "role team/a": roleTag(parseRoleName("team/a"), 3),
  "second tag of team": plainRoleTag(parseRoleName("team")) ?? null,
  "second tag of latest": plainRoleTag(parseRoleName("latest")) ?? null,
  "proposal next": proposalTag("next"),
  "second tag of proposal.x": plainRoleTag(parseRoleName("proposal.x")) ?? null,
  "file of targets 5": metadataFileName("targets", 5),
  "file of the timestamp": metadataFileName("timestamp", 9),
};

function write(): void {
  for (const [name, artifact] of Object.entries(artifacts)) {
    writeFileSync(new URL(`${name}.json`, directory), artifact?.manifest.bytes ?? "");
  }
  writeFileSync(new URL("tags.json", directory), `${JSON.stringify(tags, undefined, 2)}\n`);
}

if (process.env["DTUF_WRITE_VECTORS"] === "1") write();

describe("test vectors", () => {
  test.each(Object.entries(artifacts))("%s is byte for byte the vector", (name, artifact) => {
    const vector = readFileSync(new URL(`${name}.json`, directory), "utf8");
    expect(Buffer.from(artifact?.manifest.bytes ?? "").toString()).toBe(vector);
  });

  test("tags are those of the vector", () => {
    expect(tags).toEqual(JSON.parse(readFileSync(new URL("tags.json", directory), "utf8")));
  });

  test("every vector is used", () => {
    expect(readdirSync(directory).toSorted()).toEqual(
      [...Object.keys(artifacts), "tags"].map((name) => `${name}.json`).toSorted(),
    );
  });
});
