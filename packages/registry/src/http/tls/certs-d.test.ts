import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { expect, test } from "vitest";
import { readCertsDirectories } from "./certs-d.ts";
import { originOf } from "../addresses/origin.ts";

const root = useDirectory();
async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

const origin = (url: string): ReturnType<typeof originOf> => originOf(new URL(url));

test("authorities and the client certificate of a host, for that host and port only", async () => {
  await write({
    "d/registry.example:5000/one.crt": "CA 1",
    "d/registry.example:5000/two.crt": "CA 2",
    "d/registry.example:5000/client.cert": "CERT",
    "d/registry.example:5000/client.key": "KEY",
    "d/registry.example:5000/notes.txt": "no certificate",
  });
  const tls = await readCertsDirectories([join(root, "d")]);
  expect(tls(origin("https://registry.example:5000"))).toEqual({ ca: ["CA 1", "CA 2"], cert: "CERT", key: "KEY" });
  expect(tls(origin("https://registry.example"))).toBeUndefined();
  expect(tls(origin("https://registry.example:5001"))).toBeUndefined();
});

test("the default port may be written or not", async () => {
  await write({ "d/a.example/ca.crt": "A", "d/b.example:443/ca.crt": "B" });
  const tls = await readCertsDirectories([join(root, "d")]);
  expect(tls(origin("https://a.example:443"))).toEqual({ ca: ["A"] });
  expect(tls(origin("https://b.example"))).toEqual({ ca: ["B"] });
});

test("the first directory that has the host counts; missing ones count as empty", async () => {
  await write({ "one/a.example/ca.crt": "FIRST", "two/a.example/ca.crt": "SECOND", "two/b.example/ca.crt": "B" });
  const tls = await readCertsDirectories([join(root, "none"), join(root, "one"), join(root, "two")]);
  expect(tls(origin("https://a.example"))).toEqual({ ca: ["FIRST"] });
  expect(tls(origin("https://b.example"))).toEqual({ ca: ["B"] });
});

test.each(["client.cert", "client.key"])(
  "a client certificate without key, or the reverse, is an error: %s alone",
  async (file) => {
    await write({ [`d/a.example/${file}`]: "HALF" });
    await expectRefused(readCertsDirectories([join(root, "d")]), "OCI_CREDENTIALS_UNAVAILABLE");
  },
);
