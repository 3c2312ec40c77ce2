import { describe, expect, test } from "vitest";
import { findProxy } from "./proxy.ts";

const proxies = { httpProxy: "http://plain.example:3128", httpsProxy: "http://secure.example:3128" };

function isProxied(url: string, noProxy: string): boolean {
  return findProxy(new URL(url), { ...proxies, noProxy }) !== undefined;
}

test("each scheme has its own proxy", () => {
  expect(findProxy(new URL("http://a.example/"), proxies)?.host).toBe("plain.example:3128");
  expect(findProxy(new URL("https://a.example/"), proxies)?.host).toBe("secure.example:3128");
  expect(findProxy(new URL("http://a.example/"), { httpsProxy: proxies.httpsProxy })).toBeUndefined();
  expect(findProxy(new URL("http://a.example/"), { httpProxy: "" })).toBeUndefined();
});

test("a proxy may be given without scheme; another scheme is a TypeError", () => {
  expect(findProxy(new URL("http://a.example/"), { httpProxy: "proxy.example:3128" })?.href).toBe(
    "http://proxy.example:3128/",
  );
  expect(() => findProxy(new URL("http://a.example/"), { httpProxy: "socks5://proxy.example" })).toThrow(TypeError);
});

test.each(["http://localhost:5000/", "http://127.0.0.1/", "http://[::1]:80/", "http://[::ffff:127.0.0.1]/"])(
  "%s is connected directly, with any proxy",
  (url) => {
    expect(isProxied(url, "")).toBe(false);
  },
);

describe("NO_PROXY [T116]", () => {
  test.each([
    ["registry.example", "https://registry.example/"],
    ["REGISTRY.example.", "https://registry.EXAMPLE./"],
    ["registry.example", "https://eu.registry.example/"],
    [".example", "https://registry.example/"],
    ["*.example", "https://registry.example/"],
    ["other, registry.example", "https://registry.example/"],
    ["other registry.example", "https://registry.example/"],
    ["*", "https://registry.example/"],
    ["registry.example:443", "https://registry.example/"],
    ["registry.example:5000", "https://registry.example:5000/"],
    [".example:80", "http://registry.example/"],
    ["10.0.0.1", "http://10.0.0.1/"],
    ["10.0.0.0/8", "http://10.9.9.9/"],
    ["10.0.0.0/8", "http://[::ffff:10.9.9.9]/"],
    ["10.0.0.1:8080", "http://10.0.0.1:8080/"],
    ["2001:db8::1", "https://[2001:db8::1]/"],
    ["[2001:db8::1]", "https://[2001:db8:0::1]:8443/"],
    ["[2001:db8::1]:8443", "https://[2001:db8::1]:8443/"],
    ["2001:db8::/32", "https://[2001:db8:9::1]/"],
    ["[2001:db8::]/32", "https://[2001:db8:9::1]/"],
  ])("%s: %s goes directly", (noProxy, url) => {
    expect(isProxied(url, noProxy)).toBe(false);
  });

  test.each([
    ["", "https://registry.example/"],
    ["registry.example", "https://notregistry.example/"],
    ["registry.example", "https://registry.example.evil.example/"],
    [".registry.example", "https://registry.example/"],
    ["*.registry.example", "https://registry.example/"],
    ["registry.example:5000", "https://registry.example/"],
    ["10.0.0.0/8", "http://11.0.0.1/"],
    ["10.0.0.0/99", "http://10.0.0.1/"],
    ["10.0.0.0/", "http://10.0.0.1/"],
    ["0.0.1", "http://10.0.0.1/"],
    ["[2001:db8::1]:8443", "https://[2001:db8::1]/"],
    ["2001:db8::/32", "https://[2001:db9::1]/"],
  ])("%s: %s goes through the proxy", (noProxy, url) => {
    expect(isProxied(url, noProxy)).toBe(true);
  });
});
