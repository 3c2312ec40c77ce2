import { describe, expect, test } from "vitest";
import { OciError } from "../../errors.ts";
import { decideUrl, type SuppliedUrl } from "./url-policy.ts";

const from = new URL("https://registry.example/v2/a/blobs/uploads/");

function refusal(supplied: SuppliedUrl): OciError {
  try {
    decideUrl(supplied);
  } catch (error) {
    if (OciError.is(error)) return error;
    throw error;
  }
  expect.unreachable(`${supplied.to} was accepted`);
}

describe("what is followed", () => {
  test.each([
    ["/v2/a?_state=x", "same-origin", "https://registry.example/v2/a?_state=x"],
    ["https://REGISTRY.example:443/x#y", "same-origin", "https://registry.example/x"],
    ["//registry.example/x", "same-origin", "https://registry.example/x"],
    ["https://registry.example:5000/x", "same-host", "https://registry.example:5000/x"],
    ["https://cdn.example/x", "drop", "https://cdn.example/x"],
    ["https://sub.registry.example/x", "drop", "https://sub.registry.example/x"],
    ["https://registry.example.evil.example/x", "drop", "https://registry.example.evil.example/x"],
  ])("%s: %s", (to, credentials, url) => {
    const decision = decideUrl({ from, to, source: "location" });
    expect(decision.credentials).toBe(credentials);
    expect(decision.url.href).toBe(url);
    expect(decision.allowedNetwork).toBe(credentials === "same-origin" ? undefined : "public");
  });

  test("a plain http registry may lead to https on its own host without being the same origin", () => {
    const decision = decideUrl({ from: new URL("http://127.0.0.1/"), to: "https://127.0.0.1/", source: "redirect" });
    expect(decision.credentials).toBe("same-host");
  });

  test("a registry inside may lead to its storage inside", () => {
    const decision = decideUrl({ from, network: "private", to: "https://10.0.0.9/blob", source: "redirect" });
    expect(decision).toMatchObject({ credentials: "drop", allowedNetwork: "private" });
  });

  test("a loopback registry's own host and port stay allowed", () => {
    const local = new URL("http://127.0.0.1:5000/v2/");
    expect(decideUrl({ from: local, to: "/auth", source: "realm" }).credentials).toBe("same-origin");
    expect(decideUrl({ from: local, allowedNetwork: "private", to: "/next", source: "location" }).allowedNetwork).toBe(
      "private",
    );
    expect(decideUrl({ from: local, to: "http://127.0.0.1:5001/auth", source: "realm" }).credentials).toBe("same-host");
  });
});

describe("what is refused", () => {
  test.each([
    "http://registry.example/x",
    "http://cdn.example/x",
    "ftp://registry.example/x",
    "file:///etc/passwd",
    "data:text/plain,x",
    "https://user:secret@registry.example/x",
    "https://user@registry.example/x",
    "https://",
    "https://[::1/x",
    "https://127.0.0.1/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://0/x",
    "https://[::]/x",
    "https://[::ffff:169.254.169.254]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/x",
    "https://localhost/x",
  ])("%s, from every source [T51] [T53] [T54] [T56]", (to) => {
    for (const source of ["location", "redirect", "link"] as const) {
      if (source === "location" && to === "http://registry.example/x") continue; // kept on https, below
      expect(refusal({ from, to, source }).code).toBe("OCI_REDIRECT_REFUSED");
    }
    expect(refusal({ from, to, source: "realm" }).code).toBe("OCI_REALM_REFUSED");
  });

  test.each([
    ["https://registry.example/", "http://registry.example/v2/x", "https://registry.example/v2/x"],
    ["https://registry.example:8443/", "http://registry.example/v2/x", "https://registry.example:8443/v2/x"],
    ["https://registry.example:8443/", "http://registry.example:8443/v2/x", "https://registry.example:8443/v2/x"],
  ])("plain http in an upload's Location at %s is followed over https, if it is the same host", (base, to, url) => {
    const decision = decideUrl({ from: new URL(base), to, source: "location" });
    expect([decision.url.href, decision.credentials]).toEqual([url, "same-origin"]);
    expect(refusal({ from: new URL(base), to: to.replace("example", "example:81"), source: "location" }).code).toBe(
      "OCI_REDIRECT_REFUSED",
    );
  });

  test("a next page on another origin [T57]", () => {
    const link = { from, source: "link" } as const;
    expect(refusal({ ...link, to: "https://other.example/v2/_catalog" }).code).toBe("OCI_REDIRECT_REFUSED");
    expect(refusal({ ...link, to: "https://registry.example:8443/v2/_catalog" }).code).toBe("OCI_REDIRECT_REFUSED");
    expect(decideUrl({ ...link, to: "/v2/_catalog?last=a" }).credentials).toBe("same-origin");
  });

  test("a redirect from a public address to the reader's own, once the address is known [T54]", () => {
    const error = refusal({ from, network: "public", to: "https://127.0.0.1:8443/", source: "redirect" });
    expect(error.details["reason"]).toBe("it leads from a public to a loopback address");
    const nearer = refusal({ from, network: "private", to: "https://127.0.0.1:8443/", source: "redirect" });
    expect(nearer.details["reason"]).toBe("it leads from a private to a loopback address");
  });

  test("a chain without end", () => {
    expect(refusal({ from, to: "/again", source: "redirect", hops: 10 }).code).toBe("OCI_REDIRECT_REFUSED");
  });

  test("without showing secrets of the address [T61]", () => {
    const secret = "s3cr3t";
    for (const to of [`http://u:${secret}@cdn.example/x?sig=${secret}`, `http://[${secret}/`, `data:,${secret}`]) {
      const error = refusal({ from, to, source: "location" });
      expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain(secret);
    }
  });
});
