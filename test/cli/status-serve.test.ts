/** `status --serve`: read by browsers of this machine alone, bounded, and ended by a signal. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";
import { beforeAll, describe, expect, test } from "vitest";
import { createHostileRepository, hostileTexts, repo } from "./hostile-repository.ts";
import { attributeOf, elementsOf, openPage, textOf } from "./status-html.ts";
import { useMachine } from "./use-machine.ts";

const now = new Date("2030-01-02T00:00:00Z");
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");
let port: number;
/** What every address begins with. */
let base: string;
let ended: Promise<number>;
const interrupt = new AbortController();

beforeAll(async () => {
  await createHostileRepository(machine);
  const argv = ["status", repo, "--root", "root.json", "--serve"];
  const world = createTestIo({
    ...{ argv, cwd: machine.directory, env: machine.environment, now: () => now, signal: interrupt.signal },
  });
  const address = await new Promise<URL>((resolve, reject) => {
    const write = async (chunk: Uint8Array | string): Promise<void> => {
      await Promise.resolve();
      resolve(new URL(chunk.toString()));
    };
    const io = { ...world.io, stdout: { ...world.io.stdout, write } };
    ended = main("dtuf", io);
    void ended.then((status) => reject(new Error(`ended with ${status}: ${world.stderr()}`)));
  });
  [port, base] = [Number(address.port), address.pathname];
});

interface Asked {
  /** As browsers fill in Sec-Fetch-Site. */
  readonly site?: string;
  /** Below the address of the page, unless it is a whole address. */
  readonly path?: string;
  readonly method?: string;
  readonly host?: string;
}

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask({ path = "/", method = "GET", host = `127.0.0.1:${port}`, site }: Asked = {}): Promise<Answered> {
  const headers = { host, ...(site === undefined ? {} : { "sec-fetch-site": site }) };
  const whole = path.startsWith("/") ? `${base}${path.slice(1)}` : path;
  return send({ port, path: whole, method, headers });
}

async function send(options: RequestOptions): Promise<Answered> {
  const sent = request({ host: "127.0.0.1", ...options }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const body = (await response.toArray()).join("");
  return { status: response.statusCode, headers: response.headers, body };
}

describe("the served page", () => {
  test("is the page, with a policy that allows its style and its own form alone", async () => {
    const { status, headers, body } = await ask();
    expect(status).toBe(200);
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
    );
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(elementsOf(openPage(body), "h1")).toHaveLength(1);
  });

  test.each(hostileTexts.filter((text) => text.length < 1000))(
    "answers for the name %j, which stays text [T260]",
    async (text) => {
      const { status, body } = await ask({ path: `/?name=${encodeURIComponent(text)}` });
      expect(status).toBe(200);
      const page = openPage(body);
      expect(page.elements.filter(({ nodeName }) => ["script", "img", "iframe", "b"].includes(nodeName))).toEqual([]);
      expect(elementsOf(page, "input").map((input) => attributeOf(input, "name"))).toEqual(["name"]);
      const answer = page.elements.find((each) => attributeOf(each, "class") === "answer");
      expect(answer === undefined ? "" : textOf(answer)).toContain("targets lists it");
    },
  );

  test("says why a client finds nothing", async () => {
    const { body } = await ask({ path: "/?name=absent" });
    expect(textOf(openPage(body))).toContain("A client gets nothing: no role that is trusted for the name lists it");
  });

  test("has its data beside it", async () => {
    expect((await ask({ path: "/status.json" })).headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(JSON.parse((await ask({ path: "/status.json" })).body)).toMatchObject({ schemaVersion: 1, view: "client" });
    expect((await ask({ path: "/expiries.ics" })).body).toMatch(/^BEGIN:VCALENDAR\r\n/);
  });
});

describe("the server", () => {
  test.each(["evil.example", "evil.example:80", "127.0.0.1", "localhost", "127.0.0.1.evil.example:1", "[::1]:1"])(
    "answers nothing under the name %j: a site that leads its name here reads nothing (DNS rebinding) [T261]",
    async (host) => {
      for (const path of ["/", "/status.json", "/expiries.ics", "/?name=a"]) {
        const { status, body } = await ask({ host, path });
        expect([400, 421]).toContain(status);
        expect(body).not.toContain("registry");
      }
    },
  );

  test.each([
    ["cross-site", 403],
    ["same-site", 403],
    ["same-origin", 200],
    ["none", 200],
  ])("answers a request that a browser calls %s with %i: other sites ask it nothing [T261]", async (site, expected) => {
    expect((await ask({ site })).status).toBe(expected);
  });

  test("lets few names wait, so that nobody keeps it asking the registry, and answers again afterwards [T261]", async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, (_, at) => ask({ path: `/?name=many-${at}` })));
    const statuses = asked.map(({ status }) => status);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThanOrEqual(10);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(1);
    expect((await ask({ path: "/?name=after" })).status).toBe(200);
  });

  test("answers nothing to another user of the machine, who does not know its address [T262]", async () => {
    expect(base).toMatch(/^\/[0-9a-f]{32}\/$/);
    for (const path of ["/", "/status.json", "/expiries.ics", "/?name=a", base.slice(0, -1), `${base.slice(0, -2)}/`]) {
      const { status, body } = await send({ port, path });
      expect([status, body]).toEqual([404, "no such page\n"]);
    }
    expect((await ask()).body).not.toContain(base);
  });

  test("answers under the name localhost", async () => {
    expect((await ask({ host: `localhost:${port}` })).status).toBe(200);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("refuses %s", async (method) => {
    expect(await ask({ method })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  });

  test("answers HEAD without a body", async () => {
    const { status, headers, body } = await ask({ method: "HEAD" });
    expect([status, body]).toEqual([200, ""]);
    expect(Number(headers["content-length"])).toBeGreaterThan(1000);
  });

  test.each([
    ["/etc/passwd", 404],
    ["/../../etc/passwd", 404],
    [`/?name=${"a".repeat(9000)}`, 414],
    [`/?name=${"a".repeat(5000)}`, 400],
    ["/?name=%00", 400],
    ["http://evil.example/", 400],
  ])("answers %s with %i", async (path, expected) => {
    expect((await ask({ path })).status).toBe(expected);
  });

  test("is on 127.0.0.1 alone", async () => {
    const { networkInterfaces } = await import("node:os");
    const others = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    for (const { address } of others.filter(({ internal, family }) => !internal && family === "IPv4")) {
      const socket = connect({ host: address, port });
      await expect(once(socket, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  test("keeps no connection that sends nothing after its end, and ends with 0", async () => {
    const idle = connect({ host: "127.0.0.1", port });
    await once(idle, "connect");
    interrupt.abort();
    expect(await ended).toBe(0);
    await once(idle, "close");
  });
});

test.each(["SIGINT", "SIGTERM"] as const)("a process that serves ends with 0 at %s", async (signal) => {
  const program = join(import.meta.dirname, "../../packages/cli/src/bin/dtuf.ts");
  const child = spawn(
    process.execPath,
    ["--conditions=@dtuf/source", program, "status", repo, "--root", "root.json", "--serve"],
    { cwd: machine.directory, env: { ...process.env, ...machine.environment }, stdio: ["ignore", "pipe", "inherit"] },
  );
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(said.toString()).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+\/[0-9a-f]{32}\/\n$/);
  child.kill(signal);
  expect(await once(child, "exit")).toEqual([0, null]);
});
