/** The guides: key ceremony, air gap, and moving over from the Python tools. */
import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { found, place, publisher, type Scene } from "./scene.ts";

const read = (directory: string, file: string): Promise<string> => readFile(join(directory, file), "utf8");

const keyCeremony: Scene = {
  page: "docs/key-ceremony.md",
  prepare: async () => undefined,
  before: {
    async "dtuf remove-key fred/demo root FOUNDER-ROOT"(typist) {
      const { roles } = JSON.parse(await typist.must("ops", "dtuf list-keys fred/demo --json")) as {
        readonly roles: readonly { readonly role: string; readonly keys: readonly { readonly keyId: string }[] }[];
      };
      for (const { role, keys } of roles) typist.words.set(`FOUNDER-${role.toUpperCase()}`, keys[0]?.keyId ?? "");
    },
  },
  async after(typist) {
    const root = JSON.parse(await read(typist.directory, "client/root.json")) as {
      readonly signed: { readonly roles: Readonly<Record<string, { readonly threshold: number }>> };
    };
    expect([root.signed.roles["root"]?.threshold, root.signed.roles["targets"]?.threshold]).toEqual([2, 2]);
    await place(typist, "ops/app.txt");
    await typist.must("ops", "dtuf push-target fred/demo app.txt app.txt");
    expect(await typist.type("ops", "dtuf push-metadata fred/demo")).toMatchObject({
      stderr: expect.stringContaining("alice"),
    });
  },
};

const airGap: Scene = {
  page: "docs/air-gap.md",
  host: "registry",
  async prepare(typist) {
    await found(typist);
    await typist.must(publisher, "dtuf export-repository fred/demo site --root root.json");
    const host = typist.environment.get("DTUF_HOST") ?? "";
    typist.words.set("mirror.example.com/fred", `${host}/mirror`);
    typist.words.set("registry.example.com", host);
    typist.words.set("https://tuf.example.com/metadata", `file://${join(typist.directory, "me/site/metadata/")}`);
  },
  before: {
    async "dtuf import"(typist) {
      for (const file of ["demo.tar", "root.json"]) await typist.must(publisher, `cp ${file} ../inside/`);
      typist.environment.set("DTUF_HOST", "oci:../registry-inside");
      return "inside";
    },
    "dtuf pull": async (typist) => {
      await typist.must("inside", "cp root.json ../client/");
      return "client";
    },
  },
  async after({ directory }) {
    expect(await read(directory, "client/files/demo.txt")).toBe("Hello World\n");
  },
};

const fromDtuf: Scene = {
  page: "docs/from-dtuf.md",
  async prepare(typist) {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 3072 });
    await place(typist, "me/old/root_key", String(privateKey.export({ type: "pkcs1", format: "pem" })));
    await place(typist, "me/old/root_key.pub", String(publicKey.export({ type: "spki", format: "pem" })));
    await place(typist, "me/demo.txt", "Hello World\n");
  },
  before: {
    async "dtuf pull-metadata"(typist) {
      await typist.must(publisher, "cp old/root_key.pub ../client/old/");
      return "client";
    },
  },
  async after({ directory }) {
    expect(await read(directory, "client/demo.txt")).toBe("Hello World\n");
    expect(await read(directory, "me/root.json")).toContain('"rsa"');
  },
};

const fromDxf: Scene = {
  page: "docs/from-dxf.md",
  environment: { DXF_HOST: "oci:../registry" },
  prepare: (typist) => place(typist, "me/logger.dat", "21.5\n"),
  async after({ directory, printed }) {
    expect(await read(directory, "me/copy.dat")).toBe("21.5\n");
    expect(printed).toContain("may15-readings\n");
    expect(printed).toContain("5\n");
  },
};

export const guides: readonly Scene[] = [keyCeremony, airGap, fromDtuf, fromDxf];
