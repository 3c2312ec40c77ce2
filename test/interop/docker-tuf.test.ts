import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createCopy, createDirectorySource, createStoreSource, type Copy, type Source } from "@dtuf/copy";
import { createLayoutStore } from "@dtuf/registry/layout";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { describe, expect, test } from "vitest";
import { pushMetadataLayout, pushTargetLayouts } from "./docker-layouts.ts";

const fixture = join(import.meta.dirname, "data", "docker-tuf");
const topLevel = ["always-fail.rego", "jonnystoten2.rego", "mapping.yaml", "test.txt", "version-constraints"];
const delegated = [
  "test-role/dir1/dir2/dir3/test.txt",
  "test-role/test.txt",
  "testing/always-fail.rego",
  "testing/jonnystoten2.rego",
  "testing/mapping.yaml",
  "testing/test-only.rego",
];

const home = useDirectory();
function createFixtureCopy(source: Source, now = "2025-01-01T00:00:00Z"): Copy {
  return createCopy({ source, place: "docker", directory: join(home, "copy"), now: () => new Date(now) });
}

/** Everything verifies, from Docker's first root on, and is what Docker's repository has. */
async function expectEverything(source: Source): Promise<void> {
  const copy = createFixtureCopy(source);
  const bytes = await readFile(join(fixture, "test-repo/metadata/1.root.json"));
  const result = await copy.pullMetadata({ pin: { kind: "root", bytes } });
  expect(Object.fromEntries(result.versions)).toMatchObject({ root: 4, timestamp: 11, snapshot: 11, targets: 11 });
  expect(result.updatedTargets.toSorted()).toEqual([...topLevel, ...delegated].toSorted());
  for (const path of result.updatedTargets) {
    const target = await copy.findTarget(path);
    if (target === undefined) throw new TypeError(`${path} was not found`);
    const destination = join(home, "saved");
    await copy.saveTarget(target, destination);
    expect((await readFile(destination)).length).toBe(target.length);
  }
}

function plainSource(): Source {
  return createDirectorySource({ metadataDirectory: join(fixture, "test-repo/metadata") });
}

async function registrySource(): Promise<Source> {
  const metadata = createLayoutStore({ directory: join(home, "metadata") });
  const targets = createLayoutStore({ directory: join(home, "targets") });
  await pushMetadataLayout(join(fixture, "test-repo-oci/metadata"), metadata);
  await pushTargetLayouts(join(fixture, "test-repo-oci/targets"), targets);
  return createStoreSource(metadata, { targets });
}

describe("a repository that tuf-on-ci signed and Docker mirrored", () => {
  test("verifies as plain files", () => expectEverything(plainSource()));

  test("verifies in Docker's OCI layout, re-serialised as its tool leaves it", async () =>
    expectEverything(await registrySource()));

  test("is refused for the targets of a role that has expired since", async () => {
    const copy = createFixtureCopy(plainSource(), "2026-01-01T00:00:00Z");
    await copy.pin(await readFile(join(fixture, "test-repo/metadata/1.root.json")));
    await expectRefused(copy.findTarget(parseTargetPath("testing/mapping.yaml")), "TUF_EXPIRED");
    expect(await copy.findTarget(parseTargetPath("test.txt"))).toMatchObject({ length: 31 });
  });
});
