import { randomBytes } from "node:crypto";
import { mkdir, readdir, readlink, writeFile } from "node:fs/promises";
import { createTransport } from "@dtuf/registry/http";
import { startHttpServer } from "@dtuf/testing/http-servers";
import { publishToDirectory, serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createDirectorySource } from "./directory-source.ts";
import type { CopyEvent } from "../events.ts";
import { createHttpSource } from "./http-source.ts";
import { createMirroredSource } from "./mirrored-source.ts";
import { beforeEach, describe, expect, test } from "vitest";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { parseTargetPath } from "@dtuf/tuf";
import { createCopy, type Copy } from "../copy.ts";
import type { Source } from "./source.ts";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { createFourTargets, pinOf, expectFourTargets } from "@dtuf/testing/tuf-simulator/four-targets";
import { bytesOf } from "@dtuf/testing/oci-content";

const home = useDirectory();
let sim: TufSimulator;
let events: CopyEvent[];
const clock = createFixedClock("2030-01-02T00:00:00Z");
const large = randomBytes(3 * 1024 * 1024);

beforeEach(async () => {
  events = [];
  sim = await createFourTargets(large);
});

function createTestCopy(source: Source): Copy {
  return createCopy({
    source,
    place: "x",
    directory: join(home, "copy"),
    now: clock.now,
    onEvent: (e) => events.push(e),
  });
}

const pin = (): ReturnType<typeof pinOf> => pinOf(sim);

/** Expects the results that every source must return. */
const expectEverything = (source: Source): Promise<void> => expectFourTargets(createTestCopy(source), sim, home);

const transport = createTransport({ now: () => new Date(), random: Math.random });

describe("a plain repository", () => {
  test("in a directory passes all checks of a source", async () => {
    await expectEverything(createDirectorySource(await publishToDirectory(sim, join(home, "site"))));
  });

  test.runIf(process.platform === "linux")("keeps no file open if its targets are not read", async () => {
    const source = createDirectorySource(await publishToDirectory(sim, join(home, "site")));
    const copy = createTestCopy(source);
    await copy.pullMetadata({ pin: pin() });
    const target = await copy.findTarget(parseTargetPath("a.txt"));
    const [part] = target === undefined ? [] : (source.sites[0]?.parts(target) ?? []);
    if (target === undefined || part === undefined) throw new TypeError("a.txt was not found");
    const opened = await source.sites[0]?.openPart(target, part, { prefix: undefined, signal: undefined });
    if (opened === undefined) throw new TypeError("a.txt was not opened");
    const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
    expect((await Promise.all(links)).filter((path) => path.startsWith(home))).toEqual([]);
    expect((await bytesOf(opened.stream)).toString()).toBe("hello");
  });

  test("over HTTP passes all checks of a source", async () => {
    await publishToDirectory(sim, join(home, "site"));
    await using server = await serveDirectory(join(home, "site"));
    await expectEverything(createHttpSource({ metadataUrl: server.url("/metadata"), transport }));
    const urls = server.requests.map(({ url }) => url);
    expect(urls).toContain("/metadata/1.team%2Fa.json");
    expect(urls.some((url) => url?.endsWith(".b%20c%3F%23.txt"))).toBe(true);
  });

  test.each([401, 403, 429, 500])(
    "whose server answers %i for the next root does not end the chain [T32]",
    async (status) => {
      await using server = await startHttpServer((_request, response) => void response.writeHead(status).end());
      const once = createTransport({ now: () => new Date(), random: Math.random, retry: { maxAttempts: 1 } });
      const copy = createTestCopy(createHttpSource({ metadataUrl: server.url("/"), transport: once }));
      await expectRefused(copy.pullMetadata({ pin: pin() }), "COPY_STATUS", { details: { status } });
    },
  );

  test("with an endless metadata file is cut off at the limit", async () => {
    await publishToDirectory(sim, join(home, "site"));
    await using server = await startHttpServer((request, response) => {
      if (request.url?.includes("timestamp") !== true) return void response.writeHead(404).end();
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536, 0x20)));
      };
      response.on("drain", more);
      more();
    });
    const copy = createTestCopy(createHttpSource({ metadataUrl: server.url("/"), transport }));
    await expectRefused(copy.pullMetadata({ pin: pin() }), "OCI_LIMIT_EXCEEDED");
  });

  test.each(["//evil.example/x", "http://evil.example/x", "a?q", "a#f", "a%2fb", "../x", "a/../../b", "."])(
    "with a target named %s gets no request outside its base [T35] [T2]",
    async (path) => {
      sim.addTarget(path, Buffer.from("x"));
      await sim.publishRelease();
      await publishToDirectory(sim, join(home, "site")).catch(() => undefined);
      await using server = await serveDirectory(join(home, "site"));
      const copy = createTestCopy(createHttpSource({ metadataUrl: server.url("/metadata"), transport }));
      await copy.pullMetadata({ pin: pin() });
      const target = await copy.findTarget(parseTargetPath(path));
      if (target === undefined) throw new TypeError("not found");
      const outcome = await copy.openTarget(target).then(
        () => "opened",
        (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
      );
      expect(["opened", "COPY_BLOB_MISSING"]).toContain(outcome);
      for (const { url } of server.requests) expect(url).toMatch(/^\/(metadata|targets)\//);
    },
  );
});

describe("several mirrors", () => {
  test("are tried in order: one that is down, one that is stale, one that sends wrong bytes, one that is correct", async () => {
    const { metadataDirectory, targetDirectory } = await publishToDirectory(sim, join(home, "site"));
    const right = createDirectorySource({ metadataDirectory, targetDirectory, name: "right" });
    await createTestCopy(right).pullMetadata({ pin: pin() });
    const stale = join(home, "stale");
    await mkdir(stale);
    await writeFile(join(stale, "timestamp.json"), sim.files.get("timestamp.json") ?? "");
    await sim.publishRelease();
    await publishToDirectory(sim, join(home, "site"));
    await createTestCopy(right).pullMetadata();
    const lying = join(home, "lying");
    await mkdir(lying);
    await writeFile(join(lying, "timestamp.json"), "{}");
    await using down = await startHttpServer((_request, response) => void response.writeHead(403).end());
    const source = createMirroredSource([
      createHttpSource({ metadataUrl: down.url("/"), transport, name: "down" }),
      createDirectorySource({ metadataDirectory: stale, name: "stale" }),
      createDirectorySource({ metadataDirectory: lying, name: "lying" }),
      right,
    ]);
    const copy = createTestCopy(source);
    expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged", site: "right" });
    expect(events.map((event) => (event.kind === "site-skipped" ? event.site : event.kind))).toEqual([
      "down",
      "stale",
      "lying",
    ]);
    const target = await copy.findTarget(parseTargetPath("a.txt"));
    if (target === undefined) throw new TypeError("not found");
    expect((await bytesOf(await copy.openTarget(target))).toString()).toBe("hello");
  });
});
