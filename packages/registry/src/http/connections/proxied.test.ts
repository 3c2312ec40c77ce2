import type { TLSSocket } from "node:tls";
import { createCertificateAuthority, type CertificateAuthority } from "@dtuf/testing/certificates";
import {
  lookupOf,
  startHttpServer,
  startProxy,
  startRawServer,
  type HttpLoopbackServer,
} from "@dtuf/testing/http-servers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { beforeAll, describe, expect, test } from "vitest";
import type { HttpResponse, Transport, TransportOptions } from "../http.ts";
import { createTransport } from "../transport.ts";

let authority: CertificateAuthority;
beforeAll(async () => {
  authority = await createCertificateAuthority();
});

const name = "registry.example";

/** An https server by that name, which only the proxy can find. */
async function startTlsServer(): Promise<HttpLoopbackServer> {
  const tls = {
    ...(await authority.issueServer(name)),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: false,
  };
  return await startHttpServer(
    (request, response) =>
      response.end(`client: ${String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "nobody")}`),
    { tls },
  );
}

function testTransport(options: Partial<TransportOptions>): Transport {
  const plainHttp = (): "allow" => "allow";
  return createTransport({ now: () => new Date(), random: () => 0, retry: { maxAttempts: 1 }, plainHttp, ...options });
}

function get(transport: Transport, url: string): Promise<HttpResponse> {
  return transport.send({ method: "GET", url: new URL(url), originHeaders: { authorization: "Bearer t0ken" } });
}

describe.each(["http", "https"])("through an %s proxy [T116] [T119]", (scheme) => {
  async function start(authorization?: string): Promise<Awaited<ReturnType<typeof startProxy>>> {
    const tls = scheme === "http" ? {} : { tls: await authority.issueServer() };
    const proxy = await startProxy({ ...tls, ...(authorization === undefined ? {} : { authorization }) });
    return { ...proxy, origin: `${scheme}://localhost:${proxy.port}` };
  }

  test("https is a tunnel: the origin's certificate is verified, the proxy sees no secret", async () => {
    await using server = await startTlsServer();
    await using proxy = await start();
    const transport = testTransport({ proxy: { httpsProxy: proxy.origin }, tls: () => ({ ca: [authority.cert] }) });
    const response = await get(transport, `https://${name}:${server.port}/`);
    expect(await response.text(99)).toBe("client: nobody");
    expect(response.network).toBeUndefined();
    expect(proxy.targets).toEqual([`${name}:${server.port}`]);
    expect(proxy.requests[0]?.rawHeaders.join()).not.toContain("t0ken");
    expect(server.requests[0]?.headers.authorization).toBe("Bearer t0ken");
    await transport.close();
  });

  test("an origin of an unknown authority is refused as without the proxy", async () => {
    await using server = await startTlsServer();
    await using proxy = await start();
    const transport = testTransport({
      proxy: { httpsProxy: proxy.origin },
      tls: (origin) => (origin === proxy.origin ? { ca: [authority.cert] } : undefined),
    });
    await expectRefused(get(transport, `https://${name}:${server.port}/`), "OCI_UNAVAILABLE");
    expect(server.requests).toHaveLength(0);
  });

  test("the client certificate is shown to the origin, not to the proxy [T60]", async () => {
    await using server = await startTlsServer();
    await using proxy = await start();
    const client = await authority.issueClient("the client");
    const transport = testTransport({
      proxy: { httpsProxy: proxy.origin },
      tls: () => ({ ca: [authority.cert], ...client }),
    });
    expect(await (await get(transport, `https://${name}:${server.port}/`)).text(99)).toBe("client: the client");
    expect(proxy.clients).toEqual([undefined]);
    await transport.close();
  });

  test("http is asked for in absolute form, with the proxy's credentials for the proxy", async () => {
    await using proxy = await start(`Basic ${Buffer.from("user:p@ss").toString("base64")}`);
    const url = new URL(proxy.origin);
    url.username = "user";
    url.password = "p@ss";
    const transport = testTransport({ proxy: { httpProxy: url.href }, tls: () => ({ ca: [authority.cert] }) });
    const response = await get(transport, `http://${name}/v2/?n=1`);
    expect(await response.text(99)).toBe("through the proxy");
    expect(proxy.targets).toEqual([`http://${name}/v2/?n=1`]);
    expect(proxy.requests[0]?.headers.host).toBe(name);
    await transport.close();
  });

  test("a proxy that wants a password is named in the error, without the password that was sent [T61]", async () => {
    await using server = await startTlsServer();
    await using proxy = await start("Basic none");
    const url = new URL(proxy.origin);
    url.username = "user";
    url.password = "s3cr3t";
    const transport = testTransport({
      proxy: { httpProxy: url.href, httpsProxy: url.href },
      tls: () => ({ ca: [authority.cert] }),
    });
    for (const target of [`https://${name}:${server.port}/`, `http://${name}/`]) {
      const failure: unknown = await get(transport, target).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "OCI_UNAVAILABLE" });
      const shown =
        failure instanceof Error ? `${failure.stack} ${String(failure.cause)} ${JSON.stringify(failure)}` : "";
      expect(shown).toContain("407");
      expect(shown).not.toContain("s3cr3t");
    }
    await transport.close();
  });
});

test("NO_PROXY goes directly", async () => {
  await using server = await startHttpServer((_request, response) => response.end("direct"));
  await using proxy = await startProxy();
  const transport = testTransport({
    proxy: { httpProxy: proxy.origin, noProxy: "other.example,.example" },
    lookup: lookupOf({ [name]: ["127.0.0.1"] }),
  });
  expect(await (await get(transport, `http://${name}:${server.port}/`)).text(99)).toBe("direct");
  expect(proxy.targets).toEqual([]);
});

test("a proxy that does not answer ends in the connect timeout", async () => {
  await using proxy = await startRawServer(() => undefined);
  const transport = testTransport({ proxy: { httpsProxy: proxy.origin }, connectTimeoutMs: 50 });
  await expect(get(transport, `https://${name}/`)).rejects.toMatchObject({ details: { failure: "CONNECT_TIMEOUT" } });
  await transport.close();
});
