/** What docker-registry 2.8 lacks or does its own way, and what we make of it. */
import { randomBytes } from "node:crypto";
import { collect, parseTag, type ByteStream } from "@dtuf/registry";
import { createRegistryClient, createStaticCredentials, type RemoteStore } from "@dtuf/registry/remote";
import { blobOf, listAll, putManifest } from "@dtuf/testing/oci-content";
import { afterAll, describe, expect, test } from "vitest";
import { registryOf, uniqueRepository, type RegistryFormName } from "../setup/registries.ts";

const bytes = randomBytes(300_000);
const blob = blobOf(bytes);
const closing: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closing) await close();
});

function repositories(form: RegistryFormName): {
  readonly one: RemoteStore;
  readonly two: RemoteStore;
  requests: string[];
} {
  const { host, username, password = "" } = registryOf(form);
  const time = { now: () => new Date(), random: Math.random };
  const requests: string[] = [];
  const client = createRegistryClient({
    registry: host,
    scheme: "http",
    transport: { ...time, onRequest: ({ method, status }) => void requests.push(`${method} ${status ?? "-"}`) },
    ...time,
    ...(username === undefined ? {} : { credentials: createStaticCredentials({ kind: "basic", username, password }) }),
  });
  closing.push(() => client.close());
  const [one, two] = [uniqueRepository("features"), uniqueRepository("features")];
  return { one: client.repository(one), two: client.repository(two), requests };
}

async function read(stream: ByteStream | undefined): Promise<Buffer | undefined> {
  return stream && Buffer.from(await collect(stream, 1_000_000));
}

describe.each(["plain", "token"] as const)("docker-registry 2.8 (%s)", (form) => {
  test("takes a blob in two requests and says in one that it is there", async () => {
    const { one, requests } = repositories(form);
    await one.put(blob, bytes);
    await one.put(blob, bytes);
    expect(requests.filter((request) => !/ 401$|^GET 200$/.test(request))).toEqual(["POST 202", "PUT 201", "POST 201"]);
  });

  test("mounts from a named repository and from no other", async () => {
    const { one, two } = repositories(form);
    await one.put(blob, bytes);
    expect(await two.mount(blob, two.name)).toBe(false);
    expect(await two.mount(blob, one.name)).toBe(true);
    expect(bytes.equals((await read(await two.open(blob))) ?? Buffer.alloc(0))).toBe(true);
  });

  test("takes and gives content by sha512", async () => {
    const { one } = repositories(form);
    const descriptor = blobOf(bytes, "sha512");
    await one.put(descriptor, bytes);
    expect(bytes.equals((await read(await one.open(descriptor))) ?? Buffer.alloc(0))).toBe(true);
  });

  test("goes on with a download from where it was left", async () => {
    const { one } = repositories(form);
    await one.put(blob, bytes);
    const rest = await one.openRest(
      blob,
      (async function* () {
        yield bytes.subarray(0, 123_456);
      })(),
    );
    expect(bytes.subarray(123_456).equals((await read(rest)) ?? Buffer.alloc(0))).toBe(true);
  });

  test("sets several tags, one by one, and deletes one of them alone", async () => {
    const { one } = repositories(form);
    const [a, b, c] = [parseTag("a"), parseTag("b"), parseTag("c")];
    const { descriptor, bytes: manifest } = await putManifest(one);
    await one.put(descriptor, manifest, { tags: [a, b, c] });
    expect(await one.deleteTag(b)).toBe(true);
    expect(await listAll(one.listTags())).toEqual(expect.arrayContaining([a, c]));
    expect(await listAll(one.listTags())).not.toContain(b);
    expect((await one.resolve(a, { want: "digest" }))?.descriptor.digest).toBe(descriptor.digest);
  });

  test("has no referrers API: they are kept under a tag", async () => {
    const { one } = repositories(form);
    const subject = await putManifest(one);
    const referrer = await putManifest(one, { subject: subject.descriptor });
    const listed = await listAll(one.listReferrers(subject.descriptor.digest));
    expect(listed.map(({ digest }) => digest)).toEqual([referrer.descriptor.digest]);
  });

  test("deletes a blob and a manifest", async () => {
    const { one } = repositories(form);
    await one.put(blob, bytes);
    expect(await one.deleteBlob(blob.digest)).toBe(true);
    expect(await one.deleteBlob(blob.digest)).toBe(false);
    const { descriptor } = await putManifest(one);
    expect(await one.deleteManifest(descriptor.digest)).toBe(true);
    expect(await one.resolve(descriptor.digest, { want: "digest" })).toBeUndefined();
  });
});
