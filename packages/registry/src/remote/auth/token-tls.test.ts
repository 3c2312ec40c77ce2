import { createCertificateAuthority, type CertificateAuthority } from "@dtuf/testing/certificates";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { beforeAll, describe, expect, test } from "vitest";
import type { TlsOptions, TransportOptions } from "../../http/index.ts";
import { parseTag } from "../../oci/tag.ts";
import { createStaticCredentials } from "../credentials/credentials.ts";

const latest = parseTag("latest");
const credentials = createStaticCredentials({ kind: "basic", username: "fred", password: "secret" });
const users = { fred: "secret" };

let authority: CertificateAuthority;
beforeAll(async () => {
  authority = await createCertificateAuthority();
});

function trusting(tls: (origin: string) => TlsOptions | undefined): TransportOptions {
  return { now: () => new Date(), random: () => 0.5, sleep: () => Promise.resolve(), tls };
}

describe("a token server is spoken to under TLS as strictly as the registry [T63]", () => {
  test("its authority must be trusted, and is if it has the registry's own origin", async () => {
    const tls = await authority.issueServer();
    await using remote = await createRemoteRepository({
      tls,
      auth: { kind: "bearer", users },
      client: { credentials, transport: trusting(() => ({ ca: [authority.cert] })) },
    });
    expect(await remote.store.resolve(latest, { want: "bytes" })).toBeUndefined();
    expect(remote.asked()).toContain("GET /token");
  });

  test("unverified certificates of the registry do not extend to a token server on another port", async () => {
    const tls = await authority.issueServer();
    await using tokens = await createRemoteRepository({ tls, auth: { kind: "bearer", users } });
    const realm = `${tokens.registry.origin}/token`;
    const only = (host: string) => (origin: string) =>
      origin === `https://${host}` ? ({ verification: "skip-verify" } as const) : undefined;
    let host = "";
    await using remote = await createRemoteRepository({
      tls,
      auth: { kind: "bearer", users, realm },
      client: { credentials, transport: trusting((origin) => only(host)(origin)) },
    });
    host = remote.registry.host;
    await expectRefused(remote.store.resolve(latest, { want: "bytes" }), "OCI_UNAVAILABLE");
    expect(remote.registry.requests.length).toBeGreaterThan(0);
    expect(tokens.registry.requests).toEqual([]);
  });

  test("it is not asked over http instead of https", async () => {
    const tls = await authority.issueServer();
    await using tokens = await createRemoteRepository({ auth: { kind: "bearer", users } });
    await using remote = await createRemoteRepository({
      tls,
      auth: { kind: "bearer", users, realm: `${tokens.registry.origin}/token` },
      client: { credentials, transport: trusting(() => ({ ca: [authority.cert] })) },
    });
    await expectRefused(remote.store.resolve(latest, { want: "bytes" }), "OCI_REALM_REFUSED");
    expect(tokens.registry.requests).toEqual([]);
  });
});
