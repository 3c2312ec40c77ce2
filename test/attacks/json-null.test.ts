/** JSON's `null` in the place of every object and list of a document, one at a time: each parser takes it or says what is wrong. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseMapFile } from "@dtuf/copy";
import { findTargetBlobs, parseRelease, parseRole, parseRootFile } from "@dtuf/format";
import { collect, parseManifest } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import {
  createCredentialHelper,
  createDockerConfigCredentials,
  createHomeCredentials,
  createKeychainCredentials,
  readDockerHeaders,
} from "@dtuf/registry/remote";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseUnverified, type TopLevelRole } from "@dtuf/tuf";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { describe, expect, test } from "vitest";
import { parseStaged } from "../../packages/master/src/documents/changes.ts";
import { parseStagedRole } from "../../packages/master/src/documents/staged-role.ts";
import { parseState as parseMasterState } from "../../packages/master/src/state/state.ts";
import { parseState as parseCopyState } from "../../packages/copy/src/state/state-file.ts";
import { parseSourceList } from "../../packages/mirror/src/sources/source-list.ts";
import { findStatedValidity } from "../../packages/mirror/src/tuf/archive-validity.ts";

const home = useDirectory("all tests");
/** The document with `null` for itself, and for each of its members and elements, at any depth. */
function* nulled(json: unknown): Iterable<unknown> {
  yield null;
  if (Array.isArray(json)) {
    for (const [at, item] of json.entries()) for (const changed of nulled(item)) yield json.with(at, changed);
  } else if (typeof json === "object" && json !== null) {
    for (const [name, item] of Object.entries(json))
      for (const changed of nulled(item)) yield { ...json, [name]: changed };
  }
}

function isOurs(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(?:OCI|TUF|COPY|MASTER|MIRROR|FORMAT|FILE)_[A-Z_]+$/.test(code);
}

/** A value, or an error of ours: nothing else comes out. */
async function expectAnswerOrCode(document: unknown, read: (bytes: Buffer) => unknown): Promise<void> {
  const faults: string[] = [];
  for (const changed of nulled(document)) {
    const text = JSON.stringify(changed);
    try {
      await read(Buffer.from(text));
    } catch (error) {
      if (!isOurs(error)) faults.push(`${text}: ${String(error)}`);
    }
  }
  expect(faults).toEqual([]);
}

const sha256 = "ab".repeat(32);
const descriptor = {
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  digest: `sha256:${sha256}`,
  size: 2,
  annotations: { a: "b" },
  data: "e30=",
  platform: { os: "linux", architecture: "amd64" },
};
const image = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  artifactType: "application/vnd.dtuf.repository.v1",
  config: descriptor,
  layers: [{ ...descriptor, annotations: { "tuf.io/filename": "timestamp.json" } }],
  subject: descriptor,
  annotations: { a: "b" },
};
const index = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [{ ...descriptor, annotations: { "org.opencontainers.image.ref.name": "latest" } }],
  annotations: { "vnd.dtuf.valid-until": "2030-01-01T00:00:00Z" },
};
const schema1 = {
  schemaVersion: 1,
  fsLayers: [{ blobSum: `sha256:${sha256}` }],
  history: [{ v1Compatibility: "{}" }],
  signatures: [{ header: {}, protected: "bnVsbA" }],
};
const auths = {
  auths: { "r.example": { auth: "dTpw", identitytoken: "i" } },
  HttpHeaders: { A: "b" },
  credHelpers: { x: "y" },
};
const file = { version: 1, sha256 };

describe("null for an object, in", () => {
  test.each<TopLevelRole>(["root", "timestamp", "snapshot", "targets"])("a TUF %s file [T152]", async (kind) => {
    const sim = await createTufSimulator();
    sim.addDelegation("targets", { name: "a", paths: ["a/*"] });
    sim.addTarget("a", Buffer.from("x"), { custom: { dtuf: { blobs: [descriptor] } } });
    await sim.publishRelease();
    const name = {
      root: "1.root.json",
      timestamp: "timestamp.json",
      snapshot: "2.snapshot.json",
      targets: "2.targets.json",
    }[kind];
    const document: unknown = JSON.parse(Buffer.from(sim.files.get(name) ?? []).toString());
    await expectAnswerOrCode(document, (bytes) => {
      const parsed = parseUnverified(bytes, kind);
      if (parsed.type === "targets") for (const target of parsed.targets.values()) findTargetBlobs(target);
    });
  });

  test.each<readonly [string, unknown, (bytes: Buffer) => unknown]>([
    ["an image manifest", image, (bytes) => parseManifest(bytes)],
    ["an image index", index, (bytes) => parseManifest(bytes)],
    ["a manifest of schema 1", schema1, (bytes) => parseManifest(bytes)],
    ["a release", image, parseRelease],
    ["a role's manifest", image, parseRole],
    ["a chain of roots", ["e30="], parseRootFile],
    [
      "a map file",
      { repositories: { a: ["b"] }, mapping: [{ paths: ["*"], repositories: ["a"], threshold: 1 }] },
      parseMapFile,
    ],
    [
      "a list of sources",
      {
        "r.example": {
          images: { a: ["b"] },
          "images-by-tag-regex": { a: "b" },
          "tls-verify": true,
          credentials: { username: "u", password: "p" },
        },
      },
      (bytes) => parseSourceList(bytes, "list"),
    ],
    [
      "a staged target",
      { path: "a", length: 1, hashes: { sha256 }, custom: {}, unrecognized: {} },
      (bytes) => parseStaged(bytes, "f"),
    ],
    [
      "a staged role",
      {
        role: "a",
        metadata: "e30=",
        delegation: { keys: [{ keytype: "ed25519", scheme: "ed25519", keyval: { public: "aa" } }] },
      },
      (bytes) => parseStagedRole(bytes, "f"),
    ],
    [
      "a client's state",
      { stateVersion: 1, pin: sha256, roots: [sha256], accepted: {}, delegated: [["a", sha256]] },
      (bytes) => parseCopyState(String(bytes)),
    ],
    [
      "a publisher's record",
      {
        format: 1,
        place: "a",
        pin: 1,
        roots: [file],
        stagedRoots: [file],
        head: { timestamp: file, snapshot: file, targets: file },
        delegated: [],
        signed: {},
        generation: 1,
        staging: 1,
        prunes: 1,
      },
      (bytes) => parseMasterState(String(bytes), "f"),
    ],
    [
      "what a keychain has",
      { kind: "basic", username: "u", password: "p" },
      (bytes) =>
        createKeychainCredentials({
          getPassword: () => Promise.resolve(String(bytes)),
          setPassword: () => Promise.resolve(),
          deletePassword: () => Promise.resolve(true),
        }).find({ registry: "r.example" }),
    ],
  ])("%s [T152]", async (_what, document, read) => {
    expect.hasAssertions();
    await expectAnswerOrCode(document, read);
  });

  test("a layout's index.json and its marker [T152]", async () => {
    expect.hasAssertions();
    const directory = join(home, "layout");
    await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
    const readAll = async (): Promise<void> => {
      const store = createLayoutStore({ directory });
      await store.resolve("latest" as never, { want: "bytes" });
      for await (const tag of store.listTags()) expect(tag).toBe("latest");
      await findStatedValidity(directory);
    };
    await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    await expectAnswerOrCode(index, async (bytes) => {
      await writeFile(join(directory, "index.json"), bytes);
      await readAll();
    });
    await expectAnswerOrCode({ imageLayoutVersion: "1.0.0" }, async (bytes) => {
      await writeFile(join(directory, "oci-layout"), bytes);
      await readAll();
    });
    await writeFile(join(directory, "index.json"), "null");
    await expectAnswerOrCode({}, () => findStatedValidity(directory));
  });

  test("a Docker configuration and a containers' auth file [T152]", async () => {
    expect.hasAssertions();
    const path = join(home, "config.json");
    const helper = createCredentialHelper({ environment: { PATH: home } });
    await expectAnswerOrCode(auths, async (bytes) => {
      await writeFile(path, bytes);
      await createDockerConfigCredentials({ path, helper }).find({ registry: "r.example" });
      await readDockerHeaders(path);
      const environment = { PATH: home, DOCKER_CONFIG: home, REGISTRY_AUTH_FILE: path };
      await createHomeCredentials({ environment, home }).find({ registry: "r.example" });
    });
  });

  test("a credential helper's answer [T152]", async () => {
    expect.hasAssertions();
    const program = join(home, "docker-credential-null");
    const helper = createCredentialHelper({ environment: { PATH: `${home}:/bin:/usr/bin` } });
    await expectAnswerOrCode({ ServerURL: "r.example", Username: "u", Secret: "s" }, async (bytes) => {
      await writeFile(program, `#!/bin/sh\ncat > /dev/null\necho '${String(bytes)}'\n`);
      await chmod(program, 0o755);
      await helper.find("null", "r.example");
    });
  });

  test.each([
    [
      "a token server's",
      { token: "t", access_token: "t", expires_in: 300, issued_at: "2030-01-01T00:00:00Z" },
      { path: /^\/token/, status: 200 },
    ],
    [
      "a refusing registry's",
      { errors: [{ code: "DENIED", message: "no", detail: {} }] },
      { path: /^\/v2\//, status: 400 },
    ],
    ["a list of tags as", { name: "fred/demo", tags: ["a"] }, { path: /tags\/list/, status: 200 }],
    ["a catalogue as", { repositories: ["a"] }, { path: /_catalog/, status: 200 }],
    [
      "referrers as",
      { ...index, manifests: [{ ...descriptor, artifactType: "a/b" }] },
      { path: /referrers/, status: 200 },
    ],
    ["a manifest as", image, { path: /manifests/, status: 200 }],
  ] as const)("%s answer [T152]", async (what, document, { path, status }) => {
    expect.hasAssertions();
    await using remote = await createRemoteRepository(
      what.startsWith("a token") ? { auth: { kind: "bearer", users: {}, anonymous: "pull" } } : {},
    );
    const { store, client, registry } = remote;
    await expectAnswerOrCode(document, async (bytes) => {
      registry.clearScript();
      registry.expireTokens();
      const headers = { "content-type": "mediaType" in document ? document.mediaType : "application/json" };
      registry.script({ match: { path }, fault: { kind: "answer", status, body: bytes, headers } });
      const calls: readonly (() => Promise<unknown>)[] = [
        () => store.resolve("latest" as never, { want: "bytes" }),
        () => Array.fromAsync(store.listTags()),
        () => Array.fromAsync(client.listRepositories()),
        () => Array.fromAsync(store.listReferrers(descriptor.digest as never)),
        async () =>
          collect((await store.open({ ...descriptor, annotations: new Map() } as never)) ?? ([] as never), 99),
      ];
      const settled = await Promise.allSettled(calls.map((call) => call()));
      for (const result of settled) {
        const fault: unknown = result.status === "rejected" ? result.reason : undefined;
        if (fault !== undefined && !isOurs(fault)) throw fault;
      }
    });
  });
});
