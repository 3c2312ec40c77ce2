import type { TLSSocket } from "node:tls";
import {
  createCertificateAuthority,
  type CertificateAuthority,
  type KeyAndCertificate,
} from "@dtuf/testing/certificates";
import { startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { beforeAll, describe, expect, test } from "vitest";
import type { HttpResponse, Transport } from "../http.ts";
import type { TlsOptions } from "./tls.ts";
import { createTransport } from "../transport.ts";

let authority: CertificateAuthority;
let serverCertificate: KeyAndCertificate;
let client: KeyAndCertificate;
beforeAll(async () => {
  authority = await createCertificateAuthority();
  serverCertificate = await authority.issueServer();
  client = await authority.issueClient("the client");
});

/** Answers with the name in the client's certificate; /to redirects. */
function startTlsServer(to: () => string = () => "/"): Promise<HttpLoopbackServer> {
  const tls = { ...serverCertificate, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
  return startHttpServer(
    (request, response) => {
      if (request.url === "/to") return response.writeHead(307, { location: to() }).end();
      const peer = (request.socket as TLSSocket).getPeerCertificate();
      return response.end(`client: ${String(peer.subject?.CN ?? "nobody")}`);
    },
    { tls },
  );
}

function testTransport(hosts: Readonly<Record<string, TlsOptions>>): Transport {
  const tls = (origin: string): TlsOptions | undefined => hosts[origin];
  return createTransport({ now: () => new Date(), random: () => 0, retry: { maxAttempts: 1 }, tls });
}

function get(transport: Transport, url: URL): Promise<HttpResponse> {
  return transport.send({ method: "GET", url });
}

describe("each host has its own trust [T63] [T119]", () => {
  test("an unknown authority is refused, without another try", async () => {
    await using server = await startTlsServer();
    const events: unknown[] = [];
    const transport = createTransport({
      now: () => new Date(),
      random: () => 0,
      onRequest: (event) => events.push(event),
    });
    await expectRefused(get(transport, server.url("/")), "OCI_UNAVAILABLE");
    expect(events).toHaveLength(1);
    expect(server.requests).toHaveLength(0);
  });

  test("its own authority, or no verification if configured, for that host and port only", async () => {
    await using server = await startTlsServer();
    await using other = await startTlsServer();
    for (const options of [{ ca: [authority.cert] }, { verification: "skip-verify" }] as const) {
      const transport = testTransport({ [server.origin]: options });
      expect((await get(transport, server.url("/"))).status).toBe(200);
      await expectRefused(get(transport, other.url("/")), "OCI_UNAVAILABLE");
    }
    expect(other.requests).toHaveLength(0);
  });

  test("the right authority for another name is refused", async () => {
    await using server = await startTlsServer();
    const origin = `https://other.localhost:${server.port}`;
    const transport = createTransport({
      now: () => new Date(),
      random: () => 0,
      retry: { maxAttempts: 1 },
      tls: () => ({ ca: [authority.cert] }),
      lookup: (_name, options, callback) =>
        options.all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4),
    });
    await expect(get(transport, new URL(origin))).rejects.toMatchObject({
      details: { failure: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
  });
});

describe("a client certificate", () => {
  test("is shown to its origin and to no host that it redirects to [T60]", async () => {
    await using other = await startTlsServer();
    await using server = await startTlsServer(() => other.url("/").href);
    const ca = [authority.cert];
    const transport = testTransport({ [server.origin]: { ca, ...client }, [other.origin]: { ca } });
    expect(await (await get(transport, server.url("/"))).text(99)).toBe("client: the client");
    const redirected = await get(transport, server.url("/to"));
    expect(redirected.url.origin).toBe(other.origin);
    expect(await redirected.text(99)).toBe("client: nobody");
  });

  test("without its key is not used", async () => {
    await using server = await startTlsServer();
    const transport = testTransport({ [server.origin]: { ca: [authority.cert], cert: client.cert } });
    expect(await (await get(transport, server.url("/"))).text(99)).toBe("client: nobody");
  });
});

describe("from https to http", () => {
  test.each(["other port", "same port number"])(
    "no redirect is followed, with any setting: %s [T54] [T63] [T118]",
    async (kind) => {
      await using plain = await startHttpServer((_request, response) => response.end());
      await using server = await startTlsServer(
        () => `http://127.0.0.1:${kind === "other port" ? plain.port : server.port}/`,
      );
      const transport = createTransport({
        now: () => new Date(),
        random: () => 0,
        tls: () => ({ ca: [authority.cert] }),
        plainHttp: () => "allow",
      });
      await expectRefused(get(transport, server.url("/to")), "OCI_REDIRECT_REFUSED");
      expect(plain.requests).toHaveLength(0);
    },
  );

  test("a TLS failure leads to no plain http request [T63]", async () => {
    await using plain = await startHttpServer((_request, response) => response.end());
    const transport = testTransport({});
    await expectRefused(get(transport, new URL(`https://127.0.0.1:${plain.port}/`)), "OCI_UNAVAILABLE", {
      message: expect.stringContaining("it may speak plain HTTP") as string,
    });
    expect(plain.requests).toHaveLength(0);
  });

  test("plain http is allowed to loopback hosts, and to others only if configured", async () => {
    const transport = testTransport({});
    await expectRefused(get(transport, new URL("http://registry.example/")), "OCI_UNSUPPORTED");
  });
});
