/** Certificates for tests: an authority valid for one day and certificates that it signs. */
import { generate } from "selfsigned";

/** PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateAuthority extends KeyAndCertificate {
  /** A server's certificate for localhost and the loopback addresses, and optionally for another name. */
  issueServer(name?: string): Promise<KeyAndCertificate>;
  issueClient(name: string): Promise<KeyAndCertificate>;
}

const strength = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;

export async function createCertificateAuthority(): Promise<CertificateAuthority> {
  const authority = await createSelfSigned("dtuf test authority", [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
  ]);
  const issue = async (name: string, extensions: Extensions): Promise<KeyAndCertificate> => {
    const options = { ...strength, extensions, ca: { key: authority.key, cert: authority.cert } };
    const { private: key, cert } = await generate([{ name: "commonName", value: name }], options);
    return { key, cert };
  };
  return {
    ...authority,
    issueServer: (name = "localhost") =>
      issue(name, [
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", serverAuth: true },
        {
          name: "subjectAltName",
          altNames: [
            { type: 2, value: "localhost" },
            { type: 2, value: name },
            { type: 7, ip: "127.0.0.1" },
            { type: 7, ip: "::1" },
          ],
        },
      ]),
    issueClient: (name) =>
      issue(name, [
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", clientAuth: true },
      ]),
  };
}

/** An EC P-256 key with a self-signed certificate, for a token server. */
export function createSigner(name: string): Promise<KeyAndCertificate> {
  return createSelfSigned(name, [{ name: "keyUsage", digitalSignature: true, critical: true }]);
}

type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>["extensions"]>;

async function createSelfSigned(name: string, extensions: Extensions): Promise<KeyAndCertificate> {
  const { private: key, cert } = await generate([{ name: "commonName", value: name }], { ...strength, extensions });
  return { key, cert };
}
