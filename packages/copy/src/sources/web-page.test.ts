/** Captive portals and single-page apps in front of a plain repository. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createTransport } from "@dtuf/registry/http";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { bytesOf } from "@dtuf/testing/oci-content";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "../copy.ts";
import { createHttpSource } from "./http-source.ts";

const page = "<!DOCTYPE html><html><body>Please sign in</body></html>";
const transport = createTransport({ retry: { maxAttempts: 1 } });

const home = useDirectory();
let sim: TufSimulator;
let server: HttpLoopbackServer;
let copy: Copy;
/** The paths that the server answers with a page, and the page. */
let paged: (path: string) => boolean;
let body: string | Uint8Array;
let type: string;

beforeEach(async () => {
  [paged, body, type] = [(): boolean => false, page, "text/html; charset=utf-8"];
  sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("content of a"));
  sim.addTarget("index.html", Buffer.from(page));
  await sim.publishRelease();
  await publishToDirectory(sim, join(home, "site"));
  server = await startHttpServer(({ url = "" }, response) => {
    if (paged(url)) return void response.writeHead(200, { "content-type": type }).end(body);
    readFile(join(home, "site", url)).then(
      (bytes) => response.writeHead(200, { "content-type": "text/html" }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  copy = createCopy({
    source: createHttpSource({ metadataUrl: server.url("/metadata"), transport }),
    place: "x",
    directory: join(home, "copy"),
    now: createFixedClock("2030-01-02T00:00:00Z").now,
  });
  await copy.pin(sim.files.get("1.root.json") ?? new Uint8Array());
});

afterEach(() => server[Symbol.asyncDispose]());

async function pull(name: string): Promise<string> {
  const target = await copy.findTarget(parseTargetPath(name));
  if (target === undefined) throw new TypeError(`${name} was not found`);
  return (await bytesOf(await copy.openTarget(target))).toString();
}

describe("a web page instead of metadata", () => {
  test.each(["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"])(
    "is COPY_WEB_PAGE, keeps the roots, and the next refresh succeeds: %s",
    async (name) => {
      await copy.pullMetadata();
      const before = await copy.trustedFiles();
      await sim.publishRelease();
      await publishToDirectory(sim, join(home, "site"));
      const served = name.replace(/^2\.(snapshot|targets)/, "3.$1");
      paged = (path) => path.endsWith(`/${served}`);
      await expectRefused(copy.pullMetadata(), "COPY_WEB_PAGE", {
        message: `${server.origin}/metadata/${served} returned a web page (text/html) instead of metadata: a sign-in page?`,
      });
      const roots = (files: typeof before): unknown => files.filter(({ role }) => role === "root");
      expect(roots(await copy.trustedFiles())).toEqual(roots(before));
      paged = () => false;
      expect(await copy.pullMetadata()).toMatchObject({ status: "fresh" });
    },
  );

  test.each([
    ["of another content type", page, "application/json"],
    ["behind blank lines and a byte order mark", `\ufeff\r\n\n${page}`, "text/plain"],
    ["longer than any metadata", Buffer.concat([Buffer.from(page), Buffer.alloc(4 * 1024 * 1024, 0x20)]), "text/html"],
    ["that begins with text", "Please sign in", "text/html"],
  ])("is recognized %s", async (_what, answer, as) => {
    [paged, body, type] = [(path): boolean => path.endsWith("timestamp.json"), answer, as];
    await expectRefused(copy.pullMetadata(), "COPY_WEB_PAGE");
  });

  test("is not metadata that the server sends as text/html", async () => {
    expect(await copy.pullMetadata()).toMatchObject({ status: "fresh" });
  });
});

describe("a web page instead of a target", () => {
  test.each([page, "<p>"])("is COPY_WEB_PAGE and not content: %s", async (answer) => {
    await copy.pullMetadata();
    [paged, body] = [(path): boolean => path.includes("a.txt"), answer];
    await expectRefused(pull("a.txt"), "COPY_WEB_PAGE");
  });

  test("is accepted if the target is a page", async () => {
    await copy.pullMetadata();
    expect(await pull("index.html")).toBe(page);
  });
});

test("the error of a refused root has its version and URL, and the roots before it are kept", async () => {
  for (const version of [2, 3, 4]) {
    sim.root.version = version;
    await sim.publishRoot();
  }
  const third = Buffer.from(sim.files.get("3.root.json") ?? "").toString();
  sim.files.set("3.root.json", Buffer.from(third.replace(/"sig":"../, '"sig":"00')));
  await publishToDirectory(sim, join(home, "site"));
  await expectRefused(copy.pullMetadata(), "TUF_THRESHOLD_NOT_MET", {
    message: `root is signed by 0 of its keys; wanted 1 (${server.origin}/metadata/3.root.json)`,
    details: { file: `${server.origin}/metadata/3.root.json` },
  });
});
