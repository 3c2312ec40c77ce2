import type { IncomingMessage } from "node:http";
import { lookupOf, startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { Transport, TransportOptions } from "./http.ts";
import { createTransport } from "./transport.ts";

const secrets = { Authorization: "Bearer t0ken", "X-Api-Key": "k3y", cookie: "c00kie" };

function testTransport(options: Partial<TransportOptions> = {}): Transport {
  return createTransport({ now: () => new Date(), random: () => 0, retry: { maxAttempts: 1 }, ...options });
}

function secretsIn(request: IncomingMessage | undefined): readonly string[] {
  const raw = request?.rawHeaders.join(" ") ?? "no request";
  return Object.values(secrets).filter((secret) => raw.includes(secret));
}

/** A server whose /start redirects to the address of `to`, and which answers every other path. */
async function startRedirecting(status: number, to: () => string): Promise<HttpLoopbackServer> {
  return await startHttpServer((request, response) => {
    request.resume();
    if (request.url === "/start") response.writeHead(status, { location: to() }).end("elsewhere");
    else response.end(`the answer to ${request.method}`);
  });
}

describe.each([301, 302, 303, 307, 308])("a %i", (status) => {
  test("to the same origin keeps the secrets", async () => {
    await using server = await startRedirecting(status, () => "/blob");
    const response = await testTransport().send({ method: "GET", url: server.url("/start"), originHeaders: secrets });
    expect(await response.text(100)).toBe("the answer to GET");
    expect(response.url.pathname).toBe("/blob");
    expect(secretsIn(server.requests[1])).toEqual(Object.values(secrets));
  });

  test.each(["GET", "HEAD"] as const)(
    "of a %s to another port loses them, in any spelling [T55] [T59] [T110] [T118]",
    async (method) => {
      await using other = await startHttpServer((_request, response) => response.end("blob"));
      await using server = await startRedirecting(status, () => other.url("/blob").href);
      const headers = { Accept: "application/octet-stream", Range: "bytes=5-" };
      const response = await testTransport().send({
        method,
        url: server.url("/start"),
        headers,
        originHeaders: secrets,
      });
      expect(response.status).toBe(200);
      expect(other.requests[0]).toMatchObject({ method, headers: { accept: headers.Accept, range: headers.Range } });
      expect(secretsIn(other.requests[0])).toEqual([]);
      expect(other.requests[0]?.headers.host).toBe(`127.0.0.1:${other.port}`);
    },
  );

  test("to another host name of the same machine and port loses them [T55]", async () => {
    const lookup = lookupOf({ "a.localhost": ["127.0.0.1"], "b.a.localhost": ["127.0.0.1"] });
    await using server = await startRedirecting(status, () => `http://b.a.localhost:${server.port}/blob`);
    const url = new URL(`http://a.localhost:${server.port}/start`);
    await (await testTransport({ lookup }).send({ method: "GET", url, originHeaders: secrets })).discard();
    expect(server.requests.map(secretsIn)).toEqual([Object.values(secrets), []]);
  });

  test("back to the first origin does not bring them back [T55]", async () => {
    await using other = await startHttpServer((_request, response) =>
      response.writeHead(status, { location: server.url("/blob").href }).end(),
    );
    await using server = await startRedirecting(status, () => other.url("/").href);
    const response = await testTransport().send({ method: "GET", url: server.url("/start"), originHeaders: secrets });
    expect(response.url.href).toBe(server.url("/blob").href);
    expect(server.requests.map(secretsIn)).toEqual([Object.values(secrets), []]);
  });

  test("from the other origin to itself does not bring them back either [T55]", async () => {
    await using other = await startRedirecting(status, () => "/blob");
    await using server = await startRedirecting(status, () => other.url("/start").href);
    const response = await testTransport().send({ method: "GET", url: server.url("/start"), originHeaders: secrets });
    expect(response.url.href).toBe(other.url("/blob").href);
    expect(other.requests.map(secretsIn)).toEqual([[], []]);
  });

  test("is the answer to an upload unless it is to be followed", async () => {
    await using server = await startRedirecting(status, () => "/blob");
    const request = { method: "PUT", url: server.url("/start"), body: Buffer.from("x") } as const;
    const response = await testTransport().send(request);
    expect(response.status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });
});

test.each([
  [307, "PUT", "whole"],
  [308, "PATCH", "whole"],
  [303, "GET", ""],
] as const)("a %i that an upload follows becomes a %s with body '%s'", async (status, method, body) => {
  const bodies: string[] = [];
  await using server = await startHttpServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      bodies.push(text);
      response.writeHead(request.url === "/start" ? status : 201, { location: "/there" }).end();
    });
  });
  const response = await testTransport().send({
    method: status === 303 ? "POST" : method,
    url: server.url("/start"),
    headers: { "content-type": "text/plain" },
    body: {
      length: 5,
      open: async function* () {
        yield Buffer.from("whole");
      },
    },
    redirects: "follow",
  });
  expect(response.status).toBe(201);
  expect(server.requests[1]?.method).toBe(method);
  expect(server.requests[1]?.headers["content-type"]).toBe(body === "" ? undefined : "text/plain");
  expect(bodies).toEqual(["whole", body]);
});

test("a body that holds secrets stays on its origin", async () => {
  await using other = await startHttpServer((_request, response) => response.end());
  await using server = await startRedirecting(307, () => other.url("/token").href);
  const request = {
    method: "POST",
    url: server.url("/start"),
    body: Buffer.from("refresh_token=r"),
    redirects: "same-origin",
  } as const;
  await expectRefused(testTransport().send(request), "OCI_REDIRECT_REFUSED");
  expect(other.requests).toHaveLength(0);
});

test("a 20 KB Location is followed, a loop is not", async () => {
  const signed = `/blob?sig=${"s".repeat(20_000)}`;
  await using server = await startRedirecting(302, () => signed);
  expect((await testTransport().send({ method: "GET", url: server.url("/start") })).status).toBe(200);
  await using loop = await startRedirecting(302, () => "/start");
  const endless = testTransport().send({ method: "GET", url: loop.url("/start") });
  await expectRefused(endless, "OCI_REDIRECT_REFUSED");
  expect(loop.requests).toHaveLength(11);
});

test("no path of a redirect's address is reported, of the same origin or of another [T61]", async () => {
  await using other = await startHttpServer((_request, response) => response.end("blob"));
  const to = ["/key-in-the-path/blob", other.url("/key-in-the-path/blob").href];
  await using server = await startRedirecting(307, () => to.shift() ?? "");
  const urls: string[] = [];
  const transport = testTransport({ onRequest: ({ url }) => urls.push(url) });
  for (let sent = 0; sent < 2; sent++)
    await (await transport.send({ method: "GET", url: server.url("/start") })).text(100);
  const start = server.url("/start").href;
  expect(urls).toEqual([start, `${server.url("").origin}/…`, start, `${other.url("").origin}/…`]);
});

test("a redirect without Location is the answer", async () => {
  await using server = await startHttpServer((_request, response) => response.writeHead(302).end("lost"));
  expect((await testTransport().send({ method: "GET", url: server.url("/") })).status).toBe(302);
});

describe("a redirect never leads", () => {
  test("to a metadata service, by address or by name [T53]", async () => {
    const lookup = lookupOf({ "metadata.example": ["169.254.169.254", "::ffff:169.254.169.254"] });
    for (const to of ["http://169.254.169.254/latest", "http://metadata.example/latest"]) {
      await using server = await startRedirecting(302, () => to);
      const transport = testTransport({ lookup, plainHttp: () => "allow" });
      const sent = transport.send({ method: "GET", url: server.url("/start") });
      await expectRefused(sent, "OCI_REDIRECT_REFUSED");
    }
  });

  test("from a public server to a name that is rebound to this machine [T53]", async () => {
    const lookup = lookupOf({ "rebound.example": ["127.0.0.1", "::1", "10.0.0.1"] });
    await using server = await startHttpServer((_request, response) => response.end());
    const url = new URL(`http://rebound.example:${server.port}/`);
    const transport = testTransport({ lookup, plainHttp: () => "allow" });
    const sent = transport.send({ method: "GET", url, allowedNetwork: "public" });
    await expectRefused(sent, "OCI_REDIRECT_REFUSED");
    await expectRefused(
      transport.send({ method: "GET", url: server.url("/"), allowedNetwork: "public" }),
      "OCI_REDIRECT_REFUSED",
    );
    expect(server.requests).toHaveLength(0);
    expect((await transport.send({ method: "GET", url })).network).toBe("loopback");
  });

  test("to a host for which plain http was not allowed [T63]", async () => {
    const lookup = lookupOf({ "cdn.example": ["127.0.0.1"] });
    await using server = await startRedirecting(302, () => `http://cdn.example:${server.port}/blob`);
    const sent = testTransport({ lookup }).send({ method: "GET", url: server.url("/start") });
    await expectRefused(sent, "OCI_REDIRECT_REFUSED");
    expect(server.requests).toHaveLength(1);
  });
});
