import { assert, ipV4, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { mayReach, networkOf } from "./network.ts";

const hostOf = (host: string): string => new URL(`http://${host}/`).hostname;

describe("an address is classified in every form [T53]", () => {
  test.each([
    ["127.0.0.1", "loopback"],
    ["2130706433", "loopback"],
    ["0x7f.1", "loopback"],
    ["0177.0.0.1", "loopback"],
    ["127.0.0.1.", "loopback"],
    ["0.0.0.0", "loopback"],
    ["0", "loopback"],
    ["[::]", "loopback"],
    ["[::1]", "loopback"],
    ["[::ffff:127.0.0.1]", "loopback"],
    ["[::127.0.0.1]", "loopback"],
    ["localhost", "loopback"],
    ["LOCALHOST.", "loopback"],
    ["a.localhost", "loopback"],
    ["169.254.169.254", "link-local"],
    ["2852039166", "link-local"],
    ["0251.0376.0251.0376", "link-local"],
    ["[::ffff:169.254.169.254]", "link-local"],
    ["[64:ff9b::a9fe:a9fe]", "link-local"],
    ["[2002:a9fe:a9fe::1]", "link-local"],
    ["[fe80::1]", "link-local"],
    ["[fd00:ec2::254]", "link-local"],
    ["metadata.google.internal", "link-local"],
    ["192.0.0.192", "link-local"],
    ["100.100.100.200", "link-local"],
    ["255.255.255.255", "link-local"],
    ["10.1.2.3", "private"],
    ["172.31.255.255", "private"],
    ["192.168.0.1", "private"],
    ["100.64.0.1", "private"],
    ["[fd12::1]", "private"],
    ["[::ffff:10.0.0.1]", "private"],
    ["172.32.0.1", "public"],
    ["8.8.8.8", "public"],
    ["[2606:4700::1111]", "public"],
    ["[64:ff9b::808:808]", "public"],
  ])("%s is %s", (host, network) => {
    expect(networkOf(hostOf(host))).toBe(network);
  });

  test("the scope id of a resolved address is ignored", () => {
    expect(networkOf("fe80::1%eth0")).toBe("link-local");
  });

  test("a name has no class", () => {
    expect(networkOf("registry.example")).toBeUndefined();
    expect(networkOf("localhost.example")).toBeUndefined();
  });

  test("every IPv6 form of an IPv4 address has the class of the IPv4 address", () => {
    assert(
      property(ipV4(), (address) => {
        const network = networkOf(address);
        const hex = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
        const groups = `${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`;
        expect(networkOf(`::ffff:${address}`)).toBe(network);
        expect(networkOf(`64:ff9b::${groups}`)).toBe(network);
        expect(networkOf(`2002:${groups}::1`)).toBe(network);
      }),
    );
  });
});

test("a server may lead to its own class of network and to more public ones only", () => {
  expect(mayReach("public", "public")).toBe(true);
  expect(mayReach("public", "private")).toBe(false);
  expect(mayReach("public", "loopback")).toBe(false);
  expect(mayReach("private", "private")).toBe(true);
  expect(mayReach("private", "loopback")).toBe(false);
  expect(mayReach("private", "link-local")).toBe(false);
  expect(mayReach("loopback", "private")).toBe(true);
  expect(mayReach("loopback", "link-local")).toBe(false);
});
