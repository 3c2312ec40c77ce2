/** Each cloud's own module against a local server that speaks the service's protocol. */
import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { text } from "node:stream/consumers";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TlsOptions } from "node:tls";
import { PassThroughClient } from "google-auth-library";
import { signDocument, specVersion, verifyDocument, type Document, type Signer } from "@dtuf/tuf";
import { createCertificateAuthority } from "@dtuf/testing/certificates";
import { startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { OpenScheme, SignerUri } from "../context.ts";
import { createAwsScheme } from "./aws.ts";
import { createAzureScheme } from "./azure.ts";
import { createGcpScheme } from "./gcp.ts";

const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const spki = (key: KeyObject): Buffer => createPublicKey(key).export({ format: "der", type: "spki" });

const document: Document = {
  ...{ type: "targets", specVersion, version: 1, expires: new Date("2040-01-01"), targets: new Map() },
  unrecognized: {},
};

type Behaviour = "good" | "other-key" | "slow" | "forbidden" | "absent";

let behaviour: Behaviour;
/** What is being signed: the services see only its digest. */
let payload: Uint8Array;

/** A signature over the payload, after the digest that came is compared with it. */
function signatureOf(digest: string, named: KeyObject, form: "der" | "ieee-p1363" = "der"): Buffer {
  expect(digest).toBe(createHash("sha256").update(payload).digest("base64"));
  const key = behaviour === "other-key" ? other : named;
  if (key === rsa) return sign("sha256", payload, { key, padding: 6, saltLength: 32 });
  return sign("sha256", payload, { key, dsaEncoding: form });
}

interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Readonly<Record<string, unknown>>;
}

type Answer = (asked: Asked) => object;

interface Cloud {
  readonly name: string;
  readonly uri: (key: "p256" | "rsa") => SignerUri;
  readonly scheme: OpenScheme;
  readonly server: HttpLoopbackServer;
}

const keyOf = (name: string): KeyObject => (name.includes("rsa") ? rsa : p256);

const errors: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "AccessDeniedException",
  404: "NotFoundException",
  500: "InternalException",
};

async function serve(
  answer: Answer,
  { tls, challenge }: { readonly tls?: TlsOptions; readonly challenge?: string } = {},
): Promise<HttpLoopbackServer> {
  const statusOf = ({ headers }: IncomingMessage): number => {
    if (challenge !== undefined && headers.authorization === undefined) return 401;
    return behaviour === "forbidden" ? 403 : behaviour === "absent" ? 404 : 200;
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = JSON.parse((await text(request)) || "{}") as Asked["body"];
    let status = statusOf(request);
    let answered: object = { message: "no" };
    try {
      if (status === 200) answered = answer({ path: request.url ?? "", headers: request.headers, body });
    } catch (error) {
      [status, answered] = [500, { message: String(error) }];
    }
    const error = { __type: errors[status], error: { code: status, message: "no", status: "DENIED" } };
    response
      .writeHead(status, {
        "content-type": request.headers["content-type"] ?? "application/json",
        ...(status === 401 && { "www-authenticate": challenge }),
      })
      .end(JSON.stringify(status === 200 ? answered : { ...error, ...answered }));
  };
  return startHttpServer(
    (request, response) => {
      if (behaviour !== "slow") void handle(request, response);
    },
    tls === undefined ? {} : { tls },
  );
}

const uriOf = (text: string): SignerUri => {
  const [scheme = "", ...rest] = text.split(":");
  return { scheme, rest: rest.join(":"), text };
};

async function createAws(): Promise<Cloud> {
  const server = await serve(({ headers, body }) => {
    const key = keyOf(String(body["KeyId"]));
    if (headers["x-amz-target"] === "TrentService.GetPublicKey") {
      return { KeyId: body["KeyId"], PublicKey: spki(key).toString("base64") };
    }
    expect(headers["x-amz-target"]).toBe("TrentService.Sign");
    expect(body["MessageType"]).toBe("DIGEST");
    expect(body["SigningAlgorithm"]).toBe(key === rsa ? "RSASSA_PSS_SHA_256" : "ECDSA_SHA_256");
    return { Signature: signatureOf(String(body["Message"]), key).toString("base64") };
  });
  const credentials = { accessKeyId: "id", secretAccessKey: "secret" };
  const scheme = createAwsScheme({ endpoint: server.origin, region: "eu-central-1", credentials, maxAttempts: 1 });
  return { name: "AWS KMS", server, scheme, uri: (key) => uriOf(`awskms:alias/${key}`) };
}

async function createGcp(): Promise<Cloud> {
  const server = await serve(({ path, body }) => {
    const key = keyOf(path);
    if (/\/publicKey/.test(path)) {
      const algorithm = key === rsa ? "RSA_SIGN_PSS_2048_SHA256" : "EC_SIGN_P256_SHA256";
      return { algorithm, pem: createPublicKey(key).export({ format: "pem", type: "spki" }) };
    }
    expect(path).toContain(":asymmetricSign");
    const { sha256 = "" } = body["digest"] as Readonly<Record<string, string>>;
    return { signature: signatureOf(sha256, key).toString("base64") };
  });
  const { hostname, port } = new URL(server.origin);
  const scheme = createGcpScheme({
    ...{ fallback: true, protocol: "http", apiEndpoint: hostname, port: Number(port) },
    authClient: new PassThroughClient(),
  });
  const uri = (key: string): SignerUri =>
    uriOf(`gcpkms:projects/p/locations/l/keyRings/r/cryptoKeys/${key}/cryptoKeyVersions/1`);
  return { name: "Google Cloud KMS", server, scheme, uri };
}

async function createAzure(): Promise<Cloud> {
  const authority = await createCertificateAuthority();
  const server = await serve(
    ({ path, body }) => {
      const key = keyOf(path);
      const kid = `${server.origin}/keys/${key === rsa ? "rsa" : "p256"}/1`;
      if (!/\/sign\?/.test(path))
        return { key: { kid, ...createPublicKey(key).export({ format: "jwk" }) }, attributes: {} };
      expect(body["alg"]).toBe(key === rsa ? "PS256" : "ES256");
      const digest = Buffer.from(String(body["value"]), "base64url").toString("base64");
      return { kid, value: signatureOf(digest, key, "ieee-p1363").toString("base64url") };
    },
    {
      tls: await authority.issueServer(),
      challenge: 'Bearer authorization="https://login.example/tenant", resource="https://vault.azure.net"',
    },
  );
  const credential = { getToken: () => Promise.resolve({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const client = {
    tlsOptions: { ca: authority.cert },
    retryOptions: { maxRetries: 0 },
    disableChallengeResourceVerification: true,
  };
  const scheme = createAzureScheme({ credential, client });
  return {
    name: "Azure Key Vault",
    server,
    scheme,
    uri: (key) => uriOf(`azurekms://${new URL(server.origin).host}/keys/${key}/1`),
  };
}

describe.each([createAws, createGcp, createAzure])("%o", (create) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await create();
  });
  afterAll(() => cloud.server[Symbol.asyncDispose]());
  beforeEach(() => {
    behaviour = "good";
  });

  const open = (key: "p256" | "rsa" = "p256", deadlineMs = 10_000): Promise<Signer> =>
    cloud.scheme(cloud.uri(key), { env: {}, deadlineMs });

  const watched = (signer: Signer): Signer => ({
    ...signer,
    sign: (given) => {
      payload = given;
      return signer.sign(given);
    },
  });

  test.for(["p256", "rsa"] as const)(
    "a key of kind %s comes from the service, and signs what clients verify",
    async (key) => {
      const signer = watched(await open(key));
      const role = { keyIds: [signer.keyId], threshold: 1, unrecognized: {} };
      const file = await signDocument(document, [signer]);
      expect(verifyDocument(file, { keys: new Map([[signer.keyId, signer.key]]), role }, "targets").version).toBe(1);
    },
  );

  test("a service that signs with another key is refused before anything is written [T180]", async () => {
    const signer = watched(await open());
    behaviour = "other-key";
    await expectRefused(signDocument(document, [signer]), "TUF_SIGNER_MISMATCH");
  });

  test("forbidden, absent and slow have codes of their own", async () => {
    behaviour = "forbidden";
    await expectRefused(open(), "SIGNER_REFUSED");
    behaviour = "absent";
    await expectRefused(open(), "SIGNER_NOT_FOUND");
    behaviour = "slow";
    await expectRefused(open("p256", 200), "SIGNER_UNAVAILABLE");
  });
});
