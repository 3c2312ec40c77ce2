import { OciError } from "@dtuf/registry";
import { describe, expect, test } from "vitest";
import { describePlace, resolveHost, resolvePlace, stateDirectory, type HostChoice } from "./place.ts";
import { UsageError } from "../context/usage.ts";

const notes: string[] = [];
const choice = (host?: string, env: Record<string, string> = {}): HostChoice => ({
  host,
  env,
  cwd: "/here",
  platform: "linux",
  note: (text) => void notes.push(text),
  variable: "DTUF_HOST",
});

describe("where a repository is", () => {
  test.each([
    ["fred/demo", "registry.example", "registry.example/fred/demo"],
    ["other.example:5000/fred/demo", "registry.example", "other.example:5000/fred/demo"],
    ["localhost/demo", "registry.example", "localhost/demo"],
    ["fred/demo", "oci:store", "oci:/here/store/fred/demo"],
    ["oci:/srv/demo", "registry.example", "oci:/srv/demo"],
  ])("%s with the host %s is %s", (repo, host, wanted) => {
    expect(describePlace(resolvePlace(repo, choice(host)))).toBe(wanted);
  });

  test("the state of a layout lies under its directory's name, that of a registry under the repository's", () => {
    expect(resolvePlace("oci:/srv/demo", choice()).repository).toBe("demo");
    const root = { directory: "/state", platform: "linux" };
    expect(stateDirectory(root, "fred/demo", "copy")).toBe("/state/fred/demo/copy");
  });

  test("without a host the embedded registry is used, and that is said", () => {
    notes.length = 0;
    expect(resolveHost(choice())).toEqual({ kind: "embedded", root: "/here/dtuf_registry" });
    expect(notes).toEqual(["DTUF_HOST is not set: using the embedded registry ./dtuf_registry"]);
  });

  test.each([
    ["an empty host", choice("")],
    ["no host where CI is set", choice(undefined, { CI: "true" })],
    ["oci: without a directory", choice("oci:")],
  ])("%s is a usage error", (_name, given) => {
    expect(() => resolveHost(given)).toThrow(UsageError);
  });

  test.each(["../../x", "a/../../b", "/etc", "UPPER/x", "a//b", "", ".", "a/./b", "a\0b"])(
    "the repository %j leads nowhere [T6]",
    (repo) => {
      let code = "none";
      try {
        resolvePlace(repo, choice("registry.example"));
      } catch (error) {
        code = OciError.is(error) ? error.code : "other";
      }
      expect(code).toBe("OCI_REFERENCE_INVALID");
    },
  );

  test("the layout at the root of the file system has no name for its state", () => {
    expect(() => resolvePlace("oci:/", choice())).toThrow(UsageError);
  });
});

describe("on Windows", () => {
  const windows = (host?: string): HostChoice => ({ ...choice(host), cwd: "D:\\work", platform: "win32" });

  test.each([
    [String.raw`oci:C:\store\demo`, String.raw`C:\store\demo`, "demo"],
    ["oci:C:/store/demo", String.raw`C:\store\demo`, "demo"],
    [String.raw`oci:store\demo`, String.raw`D:\work\store\demo`, "demo"],
    [String.raw`oci:\\server\share\demo`, String.raw`\\server\share\demo`, "demo"],
  ])("%s is the layout %s", (repo, directory, repository) => {
    expect(resolvePlace(repo, windows())).toEqual({ kind: "layout", directory, repository });
  });

  test("an embedded registry may be on another drive", () => {
    const place = resolvePlace("fred/demo", windows("oci:E:\\"));
    expect(describePlace(place)).toBe(String.raw`oci:E:\fred\demo`);
  });

  test.each(["oci:con", String.raw`oci:C:\store\aux.d`, "oci:ab:c", "oci:dot.", String.raw`oci:C:\ `])(
    "%j has no name that can be a directory's",
    (repo) => {
      expect(() => resolvePlace(repo, windows())).toThrow(UsageError);
    },
  );

  test("a repository named as a device is refused in a directory, and has its state beside the name", () => {
    expect(() => resolvePlace("fred/con", windows("oci:store"))).toThrow(UsageError);
    expect(resolvePlace("fred/con", windows("registry.example"))).toMatchObject({ repository: "fred/con" });
    const root = { directory: "C:\\state", platform: "win32" };
    expect(stateDirectory(root, "fred/con", "copy")).toBe(String.raw`C:\state\fred\_con\copy`);
    expect(stateDirectory(root, "aux.x/nul", "master")).toBe(String.raw`C:\state\_aux.x\_nul\master`);
  });

  test("elsewhere a backslash and a drive letter are characters like others", () => {
    expect(describePlace(resolvePlace("oci:C:/demo", choice()))).toBe("oci:/here/C:/demo");
    expect(resolvePlace("fred/con", choice("oci:store"))).toMatchObject({ directory: "/here/store/fred/con" });
    expect(() => resolvePlace(String.raw`oci:C:\demo`, choice())).toThrow(UsageError);
  });
});
