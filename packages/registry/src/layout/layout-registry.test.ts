import { blobOf, listAll, putManifest, randomContent } from "@dtuf/testing/oci-content";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { digestHex } from "../oci/digest.ts";
import { createLayoutRegistry, type LayoutRegistry } from "./layout-registry.ts";

const root = useDirectory();
let registry: LayoutRegistry;

beforeEach(() => {
  registry = createLayoutRegistry({ root });
});

describe("the embedded registry", () => {
  test("lists its repositories, those inside others too, and nothing else", async () => {
    for (const name of ["fred/demo", "fred", "anna/x"]) await putManifest(registry.repository(name));
    await mkdir(join(root, "empty"));
    await mkdir(join(root, "Upper"));
    await writeFile(join(root, "file"), "");
    expect(await listAll(registry.listRepositories())).toEqual(["anna/x", "fred", "fred/demo"]);
  });

  test("is empty if the directory does not exist", async () => {
    expect(await listAll(createLayoutRegistry({ root: join(root, "no") }).listRepositories())).toEqual([]);
  });

  test.each(["../x", "/etc", "a/../b", "", "fred/blobs", "blobs/sha256", "fred/index.json", "oci-layout", "Fred"])(
    "refuses the repository name %j",
    (name) => {
      expectRefused(() => registry.repository(name), "OCI_REFERENCE_INVALID");
    },
  );

  test("mounts a blob of another repository without reading it", async () => {
    const bytes = randomContent(1000);
    const [from, to] = [registry.repository("fred/from"), registry.repository("to")];
    await from.put(blobOf(bytes), bytes);
    expect(await to.mount(blobOf(bytes), "fred/from")).toBe(true);
    expect(await to.mount(blobOf(bytes), "fred/from")).toBe(true);
    const path = join("blobs/sha256", digestHex(blobOf(bytes).digest));
    expect(await readFile(join(root, "to", path))).toEqual(bytes);
    expect((await stat(join(root, "to", path))).ino).toBe((await stat(join(root, "fred/from", path))).ino);
  });

  test("a mounted blob outlives its first repository's copy", async () => {
    const bytes = randomContent(1000);
    const [from, to] = [registry.repository("from"), registry.repository("to")];
    await from.put(blobOf(bytes), bytes);
    await to.mount(blobOf(bytes), "from");
    await from.deleteBlob(blobOf(bytes).digest);
    expect(await to.has(blobOf(bytes))).toBe(true);
  });

  test("does not mount a missing blob, and creates nothing for it", async () => {
    expect(await registry.repository("to").mount(blobOf(randomContent(5)), "from")).toBe(false);
    expect(await registry.repository("to").mount(blobOf(randomContent(5)))).toBe(false);
    expect(await listAll(registry.listRepositories())).toEqual([]);
  });
});
