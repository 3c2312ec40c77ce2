import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { parseSourceList } from "./source-list.ts";

const parse = (text: string): ReturnType<typeof parseSourceList> => parseSourceList(Buffer.from(text), "list.yaml");

test("skopeo's own example is read", () => {
  const [first, second] = parse(`
registry.example.com:
  images:
    busybox: []
    redis: ["1.0", 2.0, "sha256:${"0".repeat(64)}"]
  images-by-tag-regex:
    nginx: ^1\\.13\\.[12]-alpine-perl$
  images-by-semver:
    alpine: ">= 3.12.0"
  credentials: {username: john, password: this is a secret}
  tls-verify: true
  cert-dir: /home/john/certs
quay.io:
  tls-verify: false
  images:
    coreos/etcd:
  credentials:
  map: {coreos/etcd: kv/etcd}
`);
  expect(first).toMatchObject({
    registry: "registry.example.com",
    credential: { username: "john", password: "this is a secret" },
    tlsVerify: "verify",
    certDir: "/home/john/certs",
    selections: [
      { repository: "busybox", images: [] },
      { repository: "redis", images: ["1.0", "2.0", `sha256:${"0".repeat(64)}`] },
      { repository: "nginx", regex: "^1\\.13\\.[12]-alpine-perl$" },
      { repository: "alpine", semver: ">= 3.12.0" },
    ],
  });
  expect(second).toMatchObject({ tlsVerify: "skip", credential: undefined, selections: [{ images: [] }] });
  expect([...(second?.map ?? [])]).toEqual([["coreos/etcd", "kv/etcd"]]);
});

test("missing keys have defaults: verification stays on, and empty credentials count as missing", () => {
  const [listed] = parse("a.example: {images: {x: []}, credentials: {username: '', password: ''}}");
  expect(listed).toMatchObject({ tlsVerify: undefined, credential: undefined, certDir: undefined });
});

test("an identity token is a credential", () => {
  const [listed] = parse("a.example: {credentials: {identitytoken: abc}}");
  expect(listed?.credential).toEqual({ identityToken: "abc" });
});

test("a part for a namespace has the repositories below it, each part with its own credentials", () => {
  const [one, two, whole] = parse(`
reg.example:5000/team/a:
  images: {app: []}
  map: {app: apps/a}
  credentials: {username: a}
reg.example:5000/team/b: {images-by-semver: {app: "1"}, credentials: {username: b}}
reg.example:5000: {images: {app: []}}
`);
  expect(one).toMatchObject({ registry: "reg.example:5000", namespace: "team/a", credential: { username: "a" } });
  expect(one?.selections).toMatchObject([{ repository: "team/a/app", images: [] }]);
  expect([...(one?.map ?? [])]).toEqual([["team/a/app", "apps/a"]]);
  expect(two).toMatchObject({ namespace: "team/b", selections: [{ repository: "team/b/app" }] });
  expect(whole).toMatchObject({ namespace: undefined, selections: [{ repository: "app" }] });
});

test("version constraints in a list are alternatives", () => {
  const [listed] = parse('a.example: {images-by-semver: {x: [">= 1, < 2", "~3.1", 4.0], y: &v ["1"], z: *v}}');
  expect(listed?.selections.map(({ semver }) => semver)).toEqual([">= 1, < 2 || ~3.1 || 4.0", "1", "1"]);
  expect(() => parse("a.example:\n  images-by-semver:\n    x: []\n")).toThrow(
    /list.yaml:3: .*has no version constraint/,
  );
});

describe("credentials", () => {
  const credential = (text: string, variables?: Record<string, string>): unknown =>
    parseSourceList(Buffer.from(`a.example:\n  credentials: ${text}\n`), "list.yaml", { variables })[0]?.credential;

  test("take variables, and a file for the password", () => {
    expect(
      credential("{username: '${USER_1}-x', password: '${A}${B}'}", { USER_1: "fred", A: "${B}", B: "$1" }),
    ).toEqual({
      username: "fred-x",
      password: "${B}$1",
    });
    expect(credential("{username: fred, password-file: '${DIR}/p'}", { DIR: "/run" })).toEqual({
      username: "fred",
      passwordFile: "/run/p",
    });
  });

  test("keep text that is not a variable, and variables escaped by a second $", () => {
    expect(credential("{username: '$a', password: '$${A}-${-$'}", { A: "x" })).toEqual({
      username: "$a",
      password: "${A}-${-$",
    });
  });

  test.each([
    ["{password: '${UNSET}'}", /list.yaml:2: .*password: the variable UNSET is not set/],
    ["{password: '${constructor}'}", /the variable constructor is not set/],
    ["{password: hunter2, password-file: b}", /exclude each other/],
  ])("%s is refused, without what it says", (text, says) => {
    expect(() => credential(text, {})).toThrow(says);
    expect(() => credential(text, {})).toThrow(/^(?!.*hunter2)/);
  });

  test("are the only texts with variables", () => {
    expect(parse("a.example: {images: {'${X}': []}}")[0]?.selections).toMatchObject([{ repository: "${X}" }]);
  });
});

describe("errors name line and key", () => {
  test.each([
    { what: "an unknown key", text: "a.example:\n  images: {}\n  imagse: {}\n", line: 3, key: "imagse" },
    { what: "an unknown key of credentials", text: "a.example:\n  credentials:\n    user: x\n", line: 3, key: "user" },
    { what: "a list for a mapping", text: "a.example:\n  images: [busybox]\n", line: 2, key: "images" },
    { what: "a text for a list", text: "a.example:\n  images:\n    busybox: latest\n", line: 3, key: "busybox" },
    { what: "a text for a switch", text: 'a.example:\n  tls-verify: "false"\n', line: 2, key: "tls-verify" },
    { what: "a number for a switch", text: "a.example:\n  tls-verify: 0\n", line: 2, key: "tls-verify" },
    { what: "a list for a pattern", text: "a.example:\n  images-by-tag-regex:\n    x: [a]\n", line: 3, key: "x" },
    { what: "a mapping for a tag", text: "a.example:\n  images:\n    x: [{}]\n", line: 3, key: "x" },
    { what: "a key twice", text: "a.example:\n  images: {}\n  images: {}\n", line: 3, key: "unique" },
    { what: "no YAML", text: "a.example: [\n", line: 2, key: "" },
  ])("$what", ({ text, line, key }) => {
    expectRefused(() => parse(text), "MIRROR_LIST_INVALID", { message: expect.stringContaining(key) as string });
    expect(() => parse(text)).toThrow(`list.yaml:${line}: `);
  });

  test("no secret of the list is in the message", () => {
    expect(() => parse("a.example:\n  credentials:\n    password: [hunter2]\n")).toThrow(/^(?!.*hunter2)/);
  });
});

test("aliases are resolved, and an alias bomb is refused", () => {
  const [listed] = parse("a.example:\n  images: {x: &tags [one, two], y: *tags}\n");
  expect(listed?.selections.map(({ images }) => images)).toEqual([
    ["one", "two"],
    ["one", "two"],
  ]);
  const lines = Array.from({ length: 30 }, (_, each) => `  l${each + 1}: &l${each + 1} [*l${each}, *l${each}]`);
  expect(() => parse(["a.example:", "  l0: &l0 [x]", ...lines].join("\n"))).toThrow("unknown key");
});

test("a list whose aliases multiply is refused before it is unfolded", () => {
  const tags = `[${Array.from({ length: 1000 }, (_, each) => `t${each}`).join(", ")}]`;
  const images = Array.from({ length: 30 }, (_, each) => `r${each}: *tags`).join(", ");
  const registries = Array.from({ length: 30 }, (_, each) => `h${each}.example: *registry`).join("\n");
  const list = `a.example: &registry\n  images: {r: &tags ${tags}, ${images}}\n${registries}\n`;
  expect(() => parse(list)).toThrow("more than 500000 entries");
  const many = Array.from({ length: 1001 }, (_, each) => `r${each}: *tag`).join(", ");
  expect(() => parse(`a.example:\n  images-by-semver: {r: &tag x, ${many}}\n`)).toThrow("more than 1000 aliases");
});
