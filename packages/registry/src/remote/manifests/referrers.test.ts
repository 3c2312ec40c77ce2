import { listAll, putManifest } from "@dtuf/testing/oci-content";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { parseDigest } from "../../oci/digest.ts";
import { encodeImageIndex, parseManifest, type ManifestContent } from "../../oci/manifest.ts";
import { referrersTag } from "./referrers.ts";

const signature = "application/vnd.example.signature";

interface Subject {
  readonly remote: RemoteRepository;
  readonly subject: ManifestContent;
}

async function createWithSubject(
  options?: Parameters<typeof createRemoteRepository>[0],
): Promise<Subject & AsyncDisposable> {
  const remote = await createRemoteRepository(options);
  const subject = await putManifest(remote.store);
  return { remote, subject, [Symbol.asyncDispose]: () => Promise.resolve(remote[Symbol.asyncDispose]()) };
}

function refer({ remote, subject }: Subject, artifactType = signature): Promise<ManifestContent> {
  const annotations = new Map([["org.example.note", "kept"]]);
  return putManifest(remote.store, { artifactType, subject: subject.descriptor, annotations });
}

async function digests({ remote, subject }: Subject, artifactType?: string): Promise<readonly string[]> {
  const options = artifactType === undefined ? {} : { artifactType };
  const listed = await listAll(remote.store.listReferrers(subject.descriptor.digest, options));
  return listed.map(({ digest }) => digest).toSorted((a, b) => a.localeCompare(b));
}

function sorted(manifests: readonly ManifestContent[]): readonly string[] {
  return manifests.map(({ descriptor }) => descriptor.digest).toSorted((a, b) => a.localeCompare(b));
}

function fallbackOf({ remote, subject }: Subject): string | undefined {
  return remote.registry.repository("fred/demo").tags.get(referrersTag(subject.descriptor.digest));
}

const withoutApi = { without: ["referrers", "subject-header"] } as const;

describe("referrers", () => {
  test.each([
    ["by the API", {}],
    ["by the API, filtered here", { without: ["referrer-filters"] }],
    ["by the API, in pages", { pageSize: 1 }],
    ["by the fallback tag", withoutApi],
  ] as const)("are listed, all or of one artifact type, %s", async (_how, options) => {
    await using here = await createWithSubject(options);
    expect(await digests(here)).toEqual([]);
    const signatures = [await refer(here), await refer(here)];
    const other = await refer(here, "application/vnd.example.other");
    expect(await digests(here)).toEqual(sorted([...signatures, other]));
    expect(await digests(here, signature)).toEqual(sorted(signatures));
  });

  test.each([
    ...[400, 404, 405, 406, 501].map((status) => [String(status), { status }] as const),
    ["no index", { status: 200, headers: { "content-type": "text/html" }, body: "<html>" }],
  ] as const)(
    "whose second page is %s are refused: a part must not pass for the whole [T273]",
    async (_what, answer) => {
      await using here = await createWithSubject({ pageSize: 1 });
      await refer(here);
      await refer(here);
      here.remote.registry.script({ match: { path: /last=/ }, fault: { kind: "answer", ...answer } });
      await expectRefused(digests(here), "OCI_RESPONSE_INVALID");
    },
  );

  test("need no tag if the registry indexes subjects and has the API", async () => {
    await using here = await createWithSubject();
    await refer(here);
    expect(fallbackOf(here)).toBeUndefined();
  });

  test("are kept under the tag if the registry announces an API that it does not have", async () => {
    await using here = await createWithSubject({ without: ["referrers"] });
    const referrer = await refer(here);
    expect(fallbackOf(here)).toBeDefined();
    expect(await digests(here)).toEqual(sorted([referrer]));
  });

  test("are kept with artifact type and every annotation", async () => {
    await using here = await createWithSubject(withoutApi);
    await refer(here);
    const [entry] = await listAll(here.remote.store.listReferrers(here.subject.descriptor.digest));
    expect(entry).toMatchObject({ artifactType: signature });
    expect([...(entry?.annotations ?? [])]).toEqual([["org.example.note", "kept"]]);
  });

  test("that are put at the same time are all kept, and each once", async () => {
    await using here = await createWithSubject(withoutApi);
    const referrers = await Promise.all(Array.from({ length: 6 }, () => refer(here)));
    const [again] = referrers;
    if (again !== undefined) await here.remote.store.put(again.descriptor, again.bytes);
    expect(await digests(here)).toEqual(sorted(referrers));
  });

  test("that are deleted leave the index, which stays", async () => {
    await using here = await createWithSubject(withoutApi);
    const [gone, stays] = [await refer(here), await refer(here)];
    expect(await here.remote.store.deleteManifest(gone.descriptor.digest)).toBe(true);
    expect(await digests(here)).toEqual(sorted([stays]));
  });

  test("are an empty list if the tag returns the subject itself, as GitLab's does", async () => {
    await using here = await createWithSubject(withoutApi);
    const { tags } = here.remote.registry.repository("fred/demo");
    tags.set(referrersTag(here.subject.descriptor.digest), here.subject.descriptor.digest);
    expect(await digests(here)).toEqual([]);
  });

  test("are an error if the tag names another manifest", async () => {
    await using here = await createWithSubject(withoutApi);
    const other = await putManifest(here.remote.store);
    here.remote.registry
      .repository("fred/demo")
      .tags.set(referrersTag(here.subject.descriptor.digest), other.descriptor.digest);
    await expectRefused(digests(here), "OCI_MANIFEST_INVALID");
    await expectRefused(refer(here), "OCI_MANIFEST_INVALID");
  });

  test("come from the tag if everything is answered with a page of HTML", async () => {
    await using here = await createWithSubject(withoutApi);
    const referrer = await refer(here);
    const headers = { "content-type": "text/html" };
    here.remote.registry.script({
      match: { path: /\/referrers\// },
      fault: { kind: "answer", status: 200, headers, body: "<html>" },
    });
    expect(await digests(here)).toEqual(sorted([referrer]));
  });

  test("in endless pages are refused [T58]", async () => {
    await using here = await createWithSubject();
    await refer(here);
    here.remote.registry.script({ match: { path: /\/referrers\// }, fault: { kind: "page-forever" } });
    await expectRefused(digests(here), "OCI_LIMIT_EXCEEDED");
  });

  test("with new ones on each page without end are refused after a counted number [T281]", async () => {
    await using here = await createWithSubject();
    const { mediaType, digest, size } = here.subject.descriptor;
    let count = 0;
    const next = (): object => ({
      mediaType,
      digest: digest.slice(0, -8) + String((count += 1)).padStart(8, "0"),
      size,
    });
    const body = (): string => JSON.stringify({ schemaVersion: 2, manifests: Array.from({ length: 15_000 }, next) });
    const fault = [{ kind: "change", body } as const, { kind: "page-forever" } as const];
    here.remote.registry.script({ match: { path: /\/referrers\// }, fault });
    await expectRefused(digests(here), "OCI_LIMIT_EXCEEDED");
    expect(count).toBe(105_000);
  });

  test("that refer to each other are listed one level at a time, without end in circles [T58]", async () => {
    await using here = await createWithSubject();
    const { digest } = here.subject.descriptor;
    const circle = encodeImageIndex({ manifests: [here.subject.descriptor, here.subject.descriptor] });
    const headers = { "content-type": circle.descriptor.mediaType };
    here.remote.registry.script({
      match: { path: /\/referrers\// },
      fault: { kind: "answer", status: 200, headers, body: circle.bytes },
    });
    expect(await digests(here)).toEqual([digest]);
  });
});

test("the tag of a sha512 subject is cut to 64 digits of it", () => {
  const hex = "ab".repeat(64);
  expect(referrersTag(parseDigest(`sha512:${hex}`))).toBe(`sha512-${hex.slice(0, 64)}`);
});

test("the index under the tag is an OCI index", async () => {
  await using here = await createWithSubject(withoutApi);
  await refer(here);
  const stored = here.remote.registry.repository("fred/demo").manifests.get(fallbackOf(here) ?? "");
  expect(stored && parseManifest(stored.bytes, stored.mediaType)).toMatchObject({ kind: "index" });
});
