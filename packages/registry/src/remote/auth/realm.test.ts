import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { decideRealm, parseAuthHost, requireSecure } from "./realm.ts";

interface Case {
  readonly registry?: string;
  readonly realm: string;
  readonly secrets?: "none" | "some";
  readonly authHost?: string;
}

function decide({ registry = "https://registry.example", realm, secrets = "some", authHost }: Case): string {
  const url = new URL(registry);
  const challenged = new URL("/v2/", url);
  return decideRealm({ registry: url, challenged, network: undefined, realm, authHost, secrets }).url.href;
}

const error = (code: string): Error => expect.objectContaining({ code });

describe("a realm sees credentials", () => {
  test.each<[string, Case, string]>([
    ["on the registry's host", { realm: "https://registry.example/token" }, "https://registry.example/token"],
    ["at another port of it", { realm: "https://registry.example:8443/t" }, "https://registry.example:8443/t"],
    ["relative to the challenge", { realm: "/token?x=1" }, "https://registry.example/token?x=1"],
    [
      "at Docker Hub's token server",
      { registry: "https://registry-1.docker.io", realm: "https://auth.docker.io/token" },
      "https://auth.docker.io/token",
    ],
    [
      "at GitLab's",
      { registry: "https://registry.gitlab.com", realm: "https://gitlab.com/jwt/auth" },
      "https://gitlab.com/jwt/auth",
    ],
    [
      "at the host that the user named, with the realm's path and query",
      { realm: "http://other.example:81/token?a=b", authHost: "auth.example:8443" },
      "https://auth.example:8443/token?a=b",
    ],
    [
      "on a private host, if the user named it",
      { realm: "https://other.example/token", authHost: "10.0.0.1" },
      "https://10.0.0.1/token",
    ],
    [
      "over plain http on this machine",
      { registry: "http://127.0.0.1:5000", realm: "http://127.0.0.1:5001/token" },
      "http://127.0.0.1:5001/token",
    ],
  ])("%s", (_, request, wanted) => {
    expect(decide(request)).toBe(wanted);
  });

  test("at another port of the registry's host by https alone [T51]", () => {
    const request = { registry: "https://registry.example:5000" };
    const other = "https://registry.example:5001/token";
    expect(decide({ ...request, realm: other })).toBe(other);
    expect(() => decide({ ...request, realm: "http://registry.example:5001/token" })).toThrow(
      error("OCI_REALM_REFUSED"),
    );
  });

  test("at another port of a registry that speaks plain http by https, or on a loopback address, alone [T51]", () => {
    const named = { registry: "http://registry.example:5000" };
    const secure = "https://registry.example:5001/token";
    expect(decide({ ...named, realm: secure })).toBe(secure);
    expect(() => decide({ ...named, realm: "http://registry.example:5001/token" })).toThrow(
      error("OCI_INSECURE_CREDENTIALS"),
    );
    const own = "http://127.0.0.1:5001/token";
    expect(decide({ registry: "http://127.0.0.1:5000", realm: own })).toBe(own);
  });

  test("nowhere else, and the error names the setting that allows it [T51, T52]", () => {
    expectRefused(() => decide({ realm: "https://evil.example/token" }), "OCI_REALM_REFUSED", {
      message:
        "registry.example asks for credentials at evil.example, which is another host; to allow that host set DTUF_AUTH_HOST=evil.example",
    });
  });

  test.each<[string, Case]>([
    ["a subdomain", { realm: "https://auth.registry.example/token" }],
    ["a name with the same ending", { realm: "https://evilregistry.example/token" }],
    ["another's pair", { realm: "https://auth.docker.io/token" }],
    ["Hub's pair for a name like Hub's", { registry: "https://notdocker.io", realm: "https://auth.docker.io/token" }],
    ["Hub's pair at another port", { registry: "https://docker.io", realm: "https://auth.docker.io:444/token" }],
    ["Hub's pair for another port", { registry: "https://docker.io:444", realm: "https://auth.docker.io/token" }],
    ["userinfo before the own host", { realm: "https://evil:x@registry.example/token" }],
    ["the own host as userinfo", { realm: "https://registry.example@evil.example/token" }],
    ["a downgrade on the own host", { realm: "http://registry.example/token" }],
    ["a downgrade for the pair", { registry: "https://docker.io", realm: "http://auth.docker.io/token" }],
    ["userinfo beside a named host", { realm: "https://u:p@x.example/t", authHost: "auth.example" }],
    ["another scheme beside a named host", { realm: "file:///etc/passwd", authHost: "auth.example" }],
    ["no URL", { realm: "https://" }],
  ])("not: %s [T51, T54, T64]", (_, request) => {
    expect(() => decide(request)).toThrow(error("OCI_REALM_REFUSED"));
  });
});

test.each([
  "http://169.254.169.254/latest/meta-data/",
  "https://169.254.169.254/",
  "https://0.0.0.0/",
  "https://[::]/",
  "https://[::1]/",
  "https://[::ffff:169.254.169.254]/",
  "https://[fe80::1]/",
  "https://2852039166/",
  "https://0251.0376.0251.0376/",
  "https://0x7f.1/",
  "https://localhost/",
  "https://10.1.2.3/",
  "https://192.168.1.1/",
])("a public registry leads to no private network, not even without credentials: %s [T51, T53]", (realm) => {
  for (const secrets of ["none", "some"] as const) {
    expect(() => decide({ realm, secrets })).toThrow(error("OCI_REALM_REFUSED"));
  }
});

test("a realm on another public host is allowed without credentials", () => {
  expect(decide({ realm: "https://tokens.example/t", secrets: "none" })).toBe("https://tokens.example/t");
});

test.each(["http://registry.example/token", "http://10.0.0.1/token", "http://a.localhost/token"])(
  "credentials are not sent over plain http: %s",
  (realm) => {
    const registry = new URL(realm).origin;
    expect(() => decide({ registry, realm })).toThrow(error("OCI_INSECURE_CREDENTIALS"));
    expect(decide({ registry, realm, secrets: "none" })).toBe(realm);
  },
);

test.each(["http://localhost:1/", "http://127.0.0.2/", "http://[::1]:5000/", "https://registry.example/"])(
  "credentials may be sent to %s",
  (url) => {
    expect(() => requireSecure(new URL(url))).not.toThrow();
  },
);

test.each(["https://auth.example", "auth.example/x", "u@auth.example", "auth.example:x", "", "a b", "a?b", "a#b"])(
  "an authHost is host[:port] and not %j",
  (text) => {
    expect(() => parseAuthHost(text)).toThrow(TypeError);
  },
);
