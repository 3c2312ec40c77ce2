import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createCopy } from "@dtuf/copy";
import { createTrustedSet, parseJson, parseUnverified } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { createMachine } from "../cli/machine.ts";

const url = "https://tuf-repo-cdn.sigstore.dev";
const now = new Date("2026-01-01T00:00:00Z");
let root: Uint8Array;
const home = useDirectory();

beforeEach(async () => {
  const folder = dirname(createRequire(import.meta.url).resolve("@sigstore/tuf/package.json"));
  const seeds = parseJson(await readFile(join(folder, "seeds.json")));
  root = Buffer.from(textAt(valueAt(seeds, url), "root.json"), "base64");
});

type Value = ReturnType<typeof parseJson> | undefined;

function valueAt(value: Value, name: string): Value {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError(`no ${name}`);
  return (value as Readonly<Record<string, Value>>)[name];
}

function textAt(value: Value, name: string): string {
  const text = valueAt(value, name);
  if (typeof text !== "string") throw new TypeError(`no ${name}`);
  return text;
}

describe("Sigstore's production root, as @sigstore/tuf ships it", () => {
  test("meets its own threshold of three people's hardware keys", () => {
    const { root: trusted } = createTrustedSet({ root, now });
    expect(trusted.signed.roles.root).toMatchObject({ threshold: 3 });
    expect(trusted.signed.version).toBeGreaterThanOrEqual(12);
  });

  test("can be pinned, and is kept byte for byte", async () => {
    const copy = createCopy({ source: { sites: [] }, place: url, directory: join(home, "copy"), now: () => now });
    await copy.pin(root);
    const [file] = await copy.trustedFiles();
    expect(Buffer.from(file?.bytes ?? []).equals(root)).toBe(true);
  });

  test("is pinned by command, without a request and without a registry", async () => {
    await using machine = await createMachine();
    await writeFile(join(machine.directory, "root.json"), root);
    const ran = await machine.must(["pin", "sigstore/production", "root.json"]);
    const { version } = parseUnverified(root, "root");
    expect(ran.stderr).toContain(
      `pinned root version ${version}, sha256 ${createHash("sha256").update(root).digest("hex")}`,
    );
    const kept = await readFile(join(machine.directory, "dtuf_repos/sigstore/production/copy/pin.json"));
    expect(kept.equals(root)).toBe(true);
    const again = await machine.must(["pin", "sigstore/production", "root.json", "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ pin: { version } });
  });

  test("is refused with any byte of what is signed changed", () => {
    const { version } = parseUnverified(root, "root");
    const text = Buffer.from(root).toString("utf8");
    const forged = Buffer.from(text.replace(new RegExp(`"version":\\s*${version}`), `"version": ${version + 1}`));
    expect(forged.equals(root)).toBe(false);
    expectRefused(() => createTrustedSet({ root: forged, now }), "TUF_THRESHOLD_NOT_MET");
  });
});
