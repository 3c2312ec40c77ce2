import { describe, expect, test } from "vitest";
import { parseDigest, parseTag } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { expectRefused } from "@dtuf/testing/expect-refused";
import type { NamingOptions } from "./destinations/naming.ts";
import { createImageReference, findImageReference } from "./image-reference.ts";
import { planSync } from "./plan.ts";
import type { SourceImage } from "./sources/source.ts";

const store = createLayoutStore({ directory: "/nowhere" });
const digest = parseDigest(`sha256:${"0".repeat(64)}`);

function image(repository: string, tag?: string, more: Partial<SourceImage> = {}): SourceImage {
  const at = { store, realm: "r", name: repository, distance: "local" } as const;
  const named = tag === undefined ? {} : { tag: parseTag(tag) };
  return { name: `docker://${repository}:${tag ?? ""}`, kind: "repository", repository, ...named, at, ...more };
}

function names(
  images: readonly SourceImage[],
  destination: string,
  more: Partial<NamingOptions> = {},
): readonly string[] {
  const reference = findImageReference(destination) ?? createImageReference("docker", destination);
  return planSync(images, { destination: reference, scoped: false, appendSuffix: "", ...more }).images.map(
    ({ name }) => name,
  );
}

describe("names like skopeo's", () => {
  const busybox = image("docker.io/library/busybox", "1.36");

  test("unscoped, the name is the last component; scoped, the whole name", () => {
    expect(names([busybox], "docker://reg.local")).toEqual(["docker://reg.local/busybox:1.36"]);
    expect(names([busybox], "docker://reg.local", { scoped: true })).toEqual([
      "docker://reg.local/docker.io/library/busybox:1.36",
    ]);
    expect(names([busybox], "docker://reg.local/repo")).toEqual(["docker://reg.local/repo/busybox:1.36"]);
    expect(names([busybox], "dir:/d", { scoped: true })).toEqual(["dir:/d/docker.io/library/busybox:1.36"]);
  });

  test("a digest alone is the name; a tag with a digest is named by the tag", () => {
    expect(names([image("quay.io/coreos/etcd", undefined, { digest })], "dir:/d")).toEqual([`dir:/d/etcd@${digest}`]);
    expect(names([image("quay.io/coreos/etcd", "v3", { digest })], "docker://r.local")).toEqual([
      "docker://r.local/etcd:v3",
    ]);
  });

  test("a suffix is appended to the tag; an image with only a digest fails", () => {
    expect(names([busybox], "docker://reg.local", { appendSuffix: "-eu" })).toEqual([
      "docker://reg.local/busybox:1.36-eu",
    ]);
    const plan = planSync([image("quay.io/x", undefined, { digest }), busybox], {
      destination: createImageReference("docker", "reg.local"),
      scoped: false,
      appendSuffix: "-eu",
    });
    expect(plan.failures).toMatchObject([{ error: { code: "MIRROR_PLACE_INVALID" } }]);
    expect(plan.images).toHaveLength(1);
  });
});

test("a layout gets the name of the destination and is one repository", () => {
  const own = image("demo", "1", { kind: "layout" });
  expect(names([own], "docker://reg.local/fred/demo")).toEqual(["docker://reg.local/fred/demo:1"]);
  expect(names([image("a.example/x", "1")], "oci:/d")).toEqual(["oci:/d:1"]);
  expectRefused(() => names([image("a.example/x", "1"), image("a.example/y", "2")], "oci:/d"), "MIRROR_COLLISION");
});

test("two images of one name collide before any request", () => {
  expectRefused(
    () => names([image("a.example/one/x", "1"), image("a.example/two/x", "1")], "dir:/d"),
    "MIRROR_COLLISION",
  );
  const mapped = image("a.example/two/x", "1", { mapped: "other/x" });
  expect(names([image("a.example/one/x", "1"), mapped], "dir:/d")).toEqual(["dir:/d/x:1", "dir:/d/other/x:1"]);
});

test("tags that differ only in case collide as directories, but not in other destinations [T72]", () => {
  const both = [image("a.example/x", "V1"), image("a.example/x", "v1")];
  expectRefused(() => names(both, "dir:/d"), "MIRROR_COLLISION");
  expect(names(both, "docker://r.local")).toEqual(["docker://r.local/x:V1", "docker://r.local/x:v1"]);
  expect(names(both, "oci:/d")).toEqual(["oci:/d:V1", "oci:/d:v1"]);
});

test.each(["../../etc", "..", "/../x"])("a name that leads out of the destination is refused: %j [T72]", (mapped) => {
  const plan = planSync([image("a.example/x", "1", { mapped })], {
    destination: createImageReference("dir", "/d"),
    scoped: false,
    appendSuffix: "",
  });
  const got = plan.images.map(({ name }) => name);
  expect(got.filter((name) => !name.startsWith("dir:/d/"))).toEqual([]);
  expect(plan.images.length + plan.failures.length).toBe(1);
});
