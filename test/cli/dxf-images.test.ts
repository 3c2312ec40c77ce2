/** What dxf says of images that others pushed, of every kind, and to whom it shows who it is. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, mediaTypes } from "@dtuf/registry";
import { createCertificateAuthority } from "@dtuf/testing/certificates";
import { startHttpServer } from "@dtuf/testing/http-servers";
import {
  createHostileRegistry,
  type HostileRegistry,
  type HostileRegistryOptions,
} from "@dtuf/testing/hostile-registry/hostile-registry";
import { describe, expect, test } from "vitest";
import { createMachine, type Machine, type Ran } from "./machine.ts";

const repo = "fred/demo";

interface Images extends AsyncDisposable {
  readonly registry: HostileRegistry;
  readonly machine: Machine;
  run(...words: string[]): Promise<Ran>;
  /** What it prints; it must end with 0. */
  out(...words: string[]): Promise<string>;
}

async function createImages(
  environment: Readonly<Record<string, string>> = {},
  options: HostileRegistryOptions = {},
): Promise<Images> {
  const registry = await createHostileRegistry(options);
  const machine = await createMachine({ DXF_HOST: registry.host, DXF_INSECURE: "1", ...environment });
  return {
    registry,
    machine,
    run: (...words) => machine.run(["dxf", ...words]),
    out: async (...words) => (await machine.must(["dxf", ...words])).stdout,
    async [Symbol.asyncDispose]() {
      await machine[Symbol.asyncDispose]();
      await registry.close();
    },
  };
}

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function addBlob({ registry }: Images, content: string): Entry {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  registry.repository(repo).blobs.set(digest, bytes);
  return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: bytes.length };
}

function addManifest(
  { registry }: Images,
  json: object,
  { mediaType, tag }: { mediaType: string; tag?: string },
): Entry {
  const bytes = Buffer.from(JSON.stringify(json));
  const digest = digestOf(bytes);
  const { manifests, tags } = registry.repository(repo);
  manifests.set(digest, { mediaType, bytes });
  if (tag !== undefined) tags.set(tag, digest);
  return { mediaType, digest, size: bytes.length };
}

interface Image {
  readonly manifest: Entry;
  readonly config: Entry;
  readonly layers: readonly Entry[];
}

function addImage(
  images: Images,
  name: string,
  { mediaType = mediaTypes.imageManifest, tag }: { mediaType?: string; tag?: string } = {},
): Image {
  const config = addBlob(images, `{"of":"${name}"}`);
  const layers = [addBlob(images, `${name} one\n`), addBlob(images, `${name} two\n`)];
  const json = { schemaVersion: 2, mediaType, config, layers };
  return { manifest: addManifest(images, json, { mediaType, ...(tag === undefined ? {} : { tag }) }), config, layers };
}

const digests = (image: Image): readonly string[] => image.layers.map(({ digest }) => digest);

describe.each([mediaTypes.imageManifest, mediaTypes.dockerManifest])("an image (%s)", (mediaType) => {
  test("has its config's digest, its layers, their size, and is pulled in order", async () => {
    await using images = await createImages();
    const image = addImage(images, "app", { mediaType, tag: "latest" });
    expect(await images.out("get-digest", repo, "latest")).toBe(`${image.config.digest}\n`);
    expect(await images.out("resolve", repo, "latest")).toBe(`${image.manifest.digest}\n`);
    expect(await images.out("get-alias", repo, "latest")).toBe(`${digests(image).join("\n")}\n`);
    expect(await images.out("blob-size", repo, "@latest")).toBe("16\n");
    expect(await images.out("pull-blob", repo, "@latest")).toBe("app one\napp two\n");
  });
});

test("an OCI manifest without a mediaType is read: the field is optional", async () => {
  await using images = await createImages();
  const [config, layer] = [addBlob(images, "{}"), addBlob(images, "layer")];
  const json = { schemaVersion: 2, config, layers: [layer] };
  addManifest(images, json, { mediaType: mediaTypes.imageManifest, tag: "latest" });
  expect(await images.out("get-alias", repo, "latest")).toBe(`${layer.digest}\n`);
  expect(await images.out("get-digest", repo, "latest")).toBe(`${config.digest}\n`);
});

describe.each([mediaTypes.imageIndex, mediaTypes.dockerManifestList])(
  "an image of several platforms (%s)",
  (mediaType) => {
    interface Several extends Images {
      readonly amd64: Image;
      readonly arm: Image;
      readonly attestation: Image;
      readonly bare: Image;
    }

    /** As buildx pushes it: for each image an attestation, whose platform is said to be unknown. */
    async function createSeveral(environment: Readonly<Record<string, string>> = {}): Promise<Several> {
      const images = await createImages(environment);
      const [amd64, arm] = [addImage(images, "amd64"), addImage(images, "arm")];
      const [attestation, other, bare] = [addImage(images, "a"), addImage(images, "b"), addImage(images, "bare")];
      const on = (image: Image, name: string): object => {
        const [os, architecture, variant] = name.split("/");
        return { ...image.manifest, platform: { os, architecture, variant } };
      };
      const unknown = [attestation, other].map((image) => on(image, "unknown/unknown"));
      const manifests = [on(arm, "linux/arm/v7"), on(amd64, "linux/amd64"), ...unknown, bare.manifest];
      addManifest(images, { schemaVersion: 2, mediaType, manifests }, { mediaType, tag: "latest" });
      return { ...images, amd64, arm, attestation, bare };
    }

    test("is told as JSON with sorted keys, each entry once, with or without a platform", async () => {
      await using images = await createSeveral();
      const told = JSON.parse(await images.out("get-alias", repo, "latest")) as Record<string, unknown>;
      expect(told["linux/amd64"]).toEqual(digests(images.amd64));
      expect(told["linux/arm/v7"]).toEqual(digests(images.arm));
      expect(told["unknown/unknown"]).toEqual(digests(images.attestation));
      expect(told[images.bare.manifest.digest]).toEqual(digests(images.bare));
      expect(Object.keys(told)).toHaveLength(5);
      expect(Object.keys(told)).toEqual(Object.keys(told).toSorted());
      const each = async (...words: string[]): Promise<unknown> =>
        (JSON.parse(await images.out(...words)) as Record<string, unknown>)["linux/arm/v7"];
      expect(await each("get-digest", repo, "latest")).toBe(images.arm.config.digest);
      expect(await each("blob-size", repo, "@latest")).toBe(16);
      expect(JSON.parse(String(await each("get-manifest", repo, "latest")))).toMatchObject({
        layers: images.arm.layers,
      });
    });

    test("is one image where the platform is named", async () => {
      await using images = await createSeveral({ DXF_PLATFORM: "linux/arm/v7" });
      expect(await images.out("get-alias", repo, "latest")).toBe(`${digests(images.arm).join("\n")}\n`);
      expect(await images.out("pull-blob", repo, "@latest")).toBe("arm one\narm two\n");
      expect(await images.out("get-digest", repo, "latest", "--platform", "linux/amd64")).toBe(
        `${images.amd64.config.digest}\n`,
      );
      const missing = await images.run("pull-blob", repo, "@latest", "--platform", "plan9/mips");
      expect(missing).toMatchObject({ status: 3, stdout: "" });
      expect(missing.stderr).toContain("linux/amd64");
    });

    test("is deleted with every image and blob of it", async () => {
      await using images = await createSeveral();
      await images.out("del-blob", repo, "@latest");
      const { blobs, manifests, tags } = images.registry.repository(repo);
      const configs = 5;
      expect([blobs.size, manifests.size, tags.size]).toEqual([configs, 0, 0]);
    });

    test("is named by its platforms' manifests when its alias is deleted", async () => {
      await using images = await createSeveral();
      const told = JSON.parse(await images.out("del-alias", repo, "latest")) as Record<string, unknown>;
      expect(told["linux/amd64"]).toBe(images.amd64.manifest.digest);
      expect((await images.run("get-alias", repo, "latest")).status).toBe(3);
    });
  },
);

test("schema 1 is read, lists and pulls its layers, and has no config", async () => {
  await using images = await createImages();
  const [newest, oldest] = [addBlob(images, "newest"), addBlob(images, "oldest ")];
  const fsLayers = [newest, oldest].map(({ digest }) => ({ blobSum: digest }));
  const json = { schemaVersion: 1, name: repo, tag: "old", architecture: "amd64", fsLayers, history: [] };
  addManifest(images, json, { mediaType: mediaTypes.dockerSchema1, tag: "old" });
  const listed = (await images.out("get-alias", repo, "old")).trim().split("\n");
  expect(listed.toSorted()).toEqual([newest.digest, oldest.digest].toSorted());
  expect(await images.out("blob-size", repo, "@old")).toBe("13\n");
  expect((await images.out("pull-blob", repo, "@old")).length).toBe(13);
  expect((await images.run("get-digest", repo, "old")).stderr).toContain("OCI_UNSUPPORTED");
});

test("no byte of a blob that is not what its digest says is written to stdout", async () => {
  await using images = await createImages();
  const { digest } = addBlob(images, "true");
  images.registry.repository(repo).blobs.set(digest, Buffer.from("lies"));
  expect(await images.run("pull-blob", repo, digest)).toMatchObject({ status: 6, stdout: "" });
});

describe("a token server on another host", () => {
  const known = { DXF_USERNAME: "fred", DXF_PASSWORD: "secret" };
  const auth = { kind: "bearer", users: { fred: "secret" }, anonymous: "none" } as const;

  test("is shown no password unless DXF_AUTH_HOST names it, which takes the place of the realm's host", async () => {
    await using images = await createImages(known, { auth: { ...auth, realm: "http://auth.example/token" } });
    const refused = await images.run("list-aliases", repo);
    expect(refused.status).toBe(6);
    expect(refused.stderr).toMatch(/OCI_REALM_REFUSED[^]*DXF_AUTH_HOST/);
    images.machine.environment["DXF_AUTH_HOST"] = images.registry.host;
    addImage(images, "app", { tag: "latest" });
    expect(await images.out("list-aliases", repo)).toBe("latest\n");
  });
});

describe("another registry than that of DXF_HOST", () => {
  test("is trusted by what certs.d has for it, and gets credentials that are for it too", async () => {
    const authority = await createCertificateAuthority();
    const users = { fred: "secret" };
    const known = { DXF_HOST: "registry.example", DXF_USERNAME: "fred", DXF_PASSWORD: "secret" };
    await using images = await createImages(known, {
      tls: await authority.issueServer(),
      auth: { kind: "basic", users },
    });
    const { environment, directory } = images.machine;
    addImage(images, "app", { tag: "latest" });
    const named = `${images.registry.host}/${repo}`;
    expect((await images.run("list-aliases", named)).status).toBe(5);
    await mkdir(join(directory, "certs.d", images.registry.host), { recursive: true });
    await writeFile(join(directory, "certs.d", images.registry.host, "ca.crt"), authority.cert);
    environment["DXF_CERT_DIR"] = "certs.d";
    expect((await images.run("list-aliases", named)).status).toBe(13);
    expect(images.registry.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    for (const pattern of [images.registry.host, "*"]) {
      expect(await images.out("list-aliases", named, "--credentials-for", pattern)).toBe("latest\n");
    }
    expect((await images.run("list-aliases", named, "--credentials-for", "*.example")).status).toBe(13);
    expect((await images.run("list-aliases", named, "--credentials-for", "reg*")).status).toBe(2);
  });
});

describe("the network's settings reach the registry", () => {
  test("headers go to it, and Docker's HttpHeaders under them", async () => {
    await using images = await createImages();
    const docker = `${images.machine.directory}/docker`;
    await mkdir(docker);
    await writeFile(`${docker}/config.json`, '{"HttpHeaders":{"X-One":"docker","X-Two":"docker"}}');
    images.machine.environment["DOCKER_CONFIG"] = docker;
    await images.out("list-repos", "--header", "X-Two: mine", "--header", "X-Three: mine");
    const [sent] = images.registry.requests;
    expect(sent?.headers).toMatchObject({ "x-one": "docker", "x-two": "mine", "x-three": "mine" });
  });

  test("a proxy is asked for another machine, and not for this one", async () => {
    await using proxy = await createHostileRegistry();
    await using images = await createImages({ HTTP_PROXY: `http://${proxy.host}` });
    await images.out("list-repos");
    expect(proxy.requests).toEqual([]);
    images.machine.environment["DXF_HOST"] = "registry.example";
    await images.run("list-repos");
    expect(proxy.requests[0]?.path).toContain("http://registry.example/v2/_catalog");
  });

  test.each([
    ["HTTPS_PROXY", "socks5://fred:secret@proxy.example:1080"],
    ["https_proxy", "http://"],
    ["ALL_PROXY", "socks5h://proxy.example"],
    ["http_proxy", "http://proxy example"],
  ])("%s that is no HTTP proxy is a usage error that names the variable: %s", async (variable, value) => {
    await using images = await createImages({ [variable]: value });
    const ran = await images.run("list-repos");
    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(ran.stderr).toContain(`dxf: ${variable}: a proxy must be given as http://`);
    expect(ran.stderr).not.toContain("secret");
    expect(images.registry.requests).toEqual([]);
  });

  test("a proxy for all is asked, and names no host that needs none", async () => {
    await using proxy = await createHostileRegistry();
    await using images = await createImages({ ALL_PROXY: `http://${proxy.host}`, DXF_HOST: "registry.example" });
    await images.run("list-repos");
    expect(proxy.requests[0]?.path).toContain("http://registry.example/v2/_catalog");
  });

  test("plain HTTP behind https is answered with the flag that allows it", async () => {
    await using plain = await startHttpServer((_request, response) => response.end());
    await using images = await createImages({ DXF_INSECURE: "0", DXF_HOST: `127.0.0.1:${plain.port}` });
    const ran = await images.run("list-repos");
    expect(ran.status).toBe(5);
    expect(ran.stderr).toMatch(/may speak plain HTTP .*\ndxf: hint: .*--insecure\n/);
    const copied = await images.machine.run(["sync", `docker://127.0.0.1:${plain.port}/fred/x`, "oci:there"]);
    expect(copied.stderr).toMatch(/hint: .*--src-tls-verify=false/);
  });

  test.each([
    ["4", 0],
    ["6", 5],
  ])("the family that is forced is the only one tried: %s", async (family, status) => {
    await using images = await createImages({ DXF_IP_FAMILY: family });
    images.machine.environment["DXF_HOST"] = `localhost:${images.registry.host.split(":")[1] ?? ""}`;
    expect((await images.run("list-repos")).status).toBe(status);
  });

  test("a chunk size is nothing that has to be set: the variable is ignored", async () => {
    await using images = await createImages({ DXF_CHUNK_SIZE: "4096" });
    const { digest } = addBlob(images, "data");
    expect(await images.out("pull-blob", repo, digest)).toBe("data");
  });
});
