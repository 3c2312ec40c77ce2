import { rebinding } from "@dtuf/testing/http-servers";
import { listAll } from "@dtuf/testing/oci-content";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../oci/digest.ts";

const time = { now: () => new Date(), random: () => 0.5, sleep: () => Promise.resolve() };
const names = Array.from({ length: 25 }, (_, index) => `tag-${String(index).padStart(2, "0")}`);

async function createWithTags(): Promise<RemoteRepository> {
  const remote = await createRemoteRepository({ pageSize: 10 });
  const { tags, manifests } = remote.registry.repository("fred/demo");
  const digest = digestOf(Buffer.from("{}"));
  manifests.set(digest, { mediaType: "application/vnd.oci.image.index.v1+json", bytes: Buffer.from("{}") });
  for (const name of names) tags.set(name, digest);
  return remote;
}

/** A `change` of the list's Link. */
const link = (value: string) => ({ kind: "change", headers: { link: value } }) as const;

describe("a list in pages", () => {
  test("is read to its end through its Links", async () => {
    await using remote = await createWithTags();
    expect(await listAll(remote.store.listTags())).toEqual(names);
    expect(remote.registry.requests).toHaveLength(3);
    expect(remote.registry.violations).toEqual([]);
  });

  test("at another host is restricted to that host's network [T53, T57]", async () => {
    await using elsewhere = await createRemoteRepository();
    await using remote = await createRemoteRepository({
      client: { transport: { ...time, lookup: rebinding(), plainHttp: () => "allow" } },
    });
    const location = `http://list.example:${new URL(elsewhere.registry.origin).port}/tags`;
    remote.registry.script({ fault: { kind: "redirect", location } });
    const headers = { link: '</more>; rel="next"', connection: "close" };
    elsewhere.registry.script({ fault: { kind: "answer", status: 200, headers, body: '{"tags":["a"]}' } });
    await expectRefused(listAll(remote.store.listTags()), "OCI_REDIRECT_REFUSED");
    expect(elsewhere.asked()).toEqual(["GET /tags"]);
  });

  test("requests no page that the loop does not reach", async () => {
    await using remote = await createWithTags();
    for await (const tag of remote.store.listTags()) if (tag === "tag-03") break;
    expect(remote.registry.requests).toHaveLength(1);
  });

  test("of repositories is read to its end", async () => {
    await using remote = await createRemoteRepository({ pageSize: 10 });
    for (const name of names) remote.registry.repository(name);
    expect(await listAll(remote.client.listRepositories())).toEqual(names);
  });

  test.each(["tags", "repositories"] as const)("of null is empty (%s)", async (field) => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ fault: { kind: "answer", status: 200, body: JSON.stringify({ [field]: null }) } });
    const list = field === "tags" ? remote.store.listTags() : remote.client.listRepositories();
    expect(await listAll<string>(list)).toEqual([]);
  });

  test.each(["[]", "{", '{"tags":{}}', '{"tags":[1]}', '{"errors":[{"code":"UNKNOWN"}]}'])(
    "that is %s is refused",
    async (body) => {
      await using remote = await createRemoteRepository();
      remote.registry.script({ fault: { kind: "answer", status: 200, body } });
      await expectRefused(listAll(remote.store.listTags()), "OCI_RESPONSE_INVALID");
    },
  );

  test("of tags skips invalid tags", async () => {
    await using remote = await createRemoteRepository();
    const tags = ["good", "../bad", "", "a b"];
    remote.registry.script({ fault: { kind: "answer", status: 200, body: JSON.stringify({ tags }) } });
    expect(await listAll(remote.store.listTags())).toEqual(["good"]);
  });

  test("of repositories skips invalid names", async () => {
    await using remote = await createRemoteRepository();
    const repositories = ["fred/demo", "fred\n--output", "../bad", "Fred", "\u001b[31m"];
    remote.registry.script({ fault: { kind: "answer", status: 200, body: JSON.stringify({ repositories }) } });
    expect(await listAll(remote.client.listRepositories())).toEqual(["fred/demo"]);
  });

  test("of a missing repository has no tags, of a registry without a catalog is an error", async () => {
    await using remote = await createRemoteRepository({ without: ["catalog"] });
    expect(await listAll(remote.store.listTags())).toEqual([]);
    await expectRefused(listAll(remote.client.listRepositories()), "OCI_UNSUPPORTED", {
      message: expect.stringContaining(`${remote.registry.host} has no catalogue`) as string,
    });
  });
});

describe("a registry with hostile pages", () => {
  test("without end is refused [T58]", async () => {
    await using remote = await createWithTags();
    remote.registry.script({ fault: { kind: "page-forever" } });
    await expectRefused(listAll(remote.store.listTags()), "OCI_LIMIT_EXCEEDED");
    expect(remote.registry.requests.length).toBeLessThan(20);
  });

  test("with more names than any repository has is refused after a counted number [T281]", async () => {
    await using remote = await createWithTags();
    const body = JSON.stringify({ tags: Array.from({ length: 1_000_001 }, (_, index) => `t${index}`) });
    remote.registry.script({ fault: { kind: "answer", status: 200, body } });
    const listed = remote.store.listTags()[Symbol.asyncIterator]();
    await expectRefused(listed.next(), "OCI_LIMIT_EXCEEDED");
  });

  test("with more bytes than any list needs is refused after a counted number [T281]", async () => {
    await using remote = await createWithTags();
    const filler = Buffer.from(`"filler":"${"x".repeat(44 * 1024 * 1024)}"}`);
    let page = 0;
    const body = (): Buffer => Buffer.concat([Buffer.from(`{"tags":["t${(page += 1)}"],`), filler]);
    remote.registry.script({ fault: [{ kind: "change", body }, { kind: "page-forever" }] });
    await expectRefused(listAll(remote.store.listTags()), "OCI_LIMIT_EXCEEDED");
    expect(remote.registry.requests).toHaveLength(3);
  });

  test("in a circle is refused [T58]", async () => {
    await using remote = await createWithTags();
    remote.registry.script({
      match: { path: /tags\/list/ },
      fault: link('</v2/fred/demo/tags/list?n=1000>; rel="next"'),
    });
    await expectRefused(listAll(remote.store.listTags()), "OCI_RESPONSE_INVALID");
    expect(remote.registry.requests).toHaveLength(1);
  });

  test("at another origin gets no request [T57]", async () => {
    await using elsewhere = await createWithTags();
    await using remote = await createWithTags();
    remote.registry.script({ fault: link(`<${elsewhere.registry.origin}/v2/fred/demo/tags/list>; rel="next"`) });
    await expectRefused(listAll(remote.store.listTags()), "OCI_REDIRECT_REFUSED");
    expect(elsewhere.registry.requests).toEqual([]);
  });

  test.each(["<https://169.254.169.254/latest>; rel=next", "<//evil.example/x>; rel=next", "<ftp://x/>; rel=next"])(
    "at %s gets no request [T57]",
    async (value) => {
      await using remote = await createWithTags();
      remote.registry.script({ fault: link(value) });
      await expectRefused(listAll(remote.store.listTags()), "OCI_REDIRECT_REFUSED");
    },
  );

  test("whose second page is not there is refused: a part must not pass for the whole [T273]", async () => {
    await using remote = await createWithTags();
    remote.registry.script({ match: { path: /last=/ }, fault: { kind: "answer", status: 404 } });
    await expectRefused(listAll(remote.store.listTags()), "OCI_RESPONSE_INVALID");
  });

  test("with a Link that is too long is refused", async () => {
    await using remote = await createWithTags();
    remote.registry.script({ fault: link(`<${"<".repeat(20_000)}>; rel=next`) });
    await expectRefused(listAll(remote.store.listTags()), "OCI_RESPONSE_INVALID");
  });
});

describe("a Link", () => {
  test.each([
    '</v2/fred/demo/tags/list?last=tag-09>; rel="next"',
    "</v2/fred/demo/tags/list?last=tag-09>;rel=next",
    '</other>; rel="prev", </v2/fred/demo/tags/list?last=tag-09>; title="a, b"; rel="next"',
    '<list?last=tag-09>; REL="Next"',
    '<list?last=tag-09>; rel="last next"',
    "<list?last=tag-09>; rel='next'",
    '<list?last=tag-09>; title="; rel=prev"; rel = next',
  ])("%s names the next page", async (value) => {
    await using remote = await createWithTags();
    remote.registry.script({ match: { nth: 1 }, fault: link(value) });
    expect(await listAll(remote.store.listTags())).toEqual(names);
  });

  test.each(['</no>; title="; rel=next"', "</no>; rel=prev; rel=next", '</no>; rel="nextish"'])(
    "%s names no next page",
    async (value) => {
      await using remote = await createWithTags();
      remote.registry.script({ match: { nth: 1 }, fault: link(value) });
      expect(await listAll(remote.store.listTags())).toEqual(names.slice(0, 10));
    },
  );
});
