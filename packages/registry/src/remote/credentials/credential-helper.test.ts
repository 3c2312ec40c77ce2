import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { describe, expect, test } from "vitest";
import { createCredentialHelper, type CredentialHelper } from "./credential-helper.ts";
import { eraseCredential, storeCredential } from "./login.ts";

const directory = useDirectory();

/** A real program; its code can use `input` and `verb`. */
async function install(code: string, name = "test"): Promise<void> {
  const program = join(directory, `docker-credential-${name}`);
  const head = `const fs = require("node:fs"); const verb = process.argv[2]; const input = fs.readFileSync(0, "utf8");`;
  await writeFile(program, `#!${process.execPath}\n${head}\n${code}\n`);
  await chmod(program, 0o755);
}

const create = (environment: Record<string, string> = {}, timeoutMs?: number): CredentialHelper =>
  createCredentialHelper({ environment: { PATH: directory, ...environment }, timeoutMs });
const answer = (username: string, secret: string): string =>
  `console.log(JSON.stringify({ ServerURL: input, Username: ${JSON.stringify(username)}, Secret: ${JSON.stringify(secret)} }))`;

describe("a credential helper", () => {
  test.each<[string, string, unknown]>([
    ["user and password", answer("u", "p"), { kind: "basic", username: "u", password: "p" }],
    ["an identity token", answer("<token>", "i"), { kind: "identity-token", token: "i" }],
    ["that it has none", 'console.log("credentials not found in native keychain"); process.exit(1)', undefined],
    ["nothing for the registry", answer("", ""), undefined],
  ])("says %s", async (_, code, wanted) => {
    await install(code);
    expect(await create().find("test", "r.example")).toEqual(wanted);
  });

  test("is looked for under the name that programs have on the system", async () => {
    await install(answer("u", "p"), "test.exe");
    const find = (platform: string): Promise<unknown> =>
      createCredentialHelper({ environment: { PATH: directory }, platform }).find("test", "r.example");
    expect(await find("win32")).toEqual({ kind: "basic", username: "u", password: "p" });
    await expectRefused(find("linux"), "OCI_CREDENTIALS_UNAVAILABLE");
  });

  test("gets secrets through stdin only: none in its arguments or environment", async () => {
    await install(
      `fs.writeFileSync(${JSON.stringify(join(directory, "seen"))}, JSON.stringify({ argv: process.argv.slice(2), env: process.env, input }))`,
    );
    const KEY = "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----";
    const environment = { DTUF_PASSWORD: "planted", dxf_token: "planted", DRCA_X: "planted", KEY, KEEP: "kept" };
    await storeCredential({ kind: "helper", name: "test", helper: create(environment) }, "docker.io", {
      kind: "basic",
      username: "u",
      password: "secret",
    });
    const seen = JSON.parse(await readFile(join(directory, "seen"), "utf8")) as Record<string, unknown>;
    expect(seen).toMatchObject({ argv: ["store"], env: { KEEP: "kept", PATH: directory } });
    expect(JSON.stringify([seen["argv"], seen["env"]])).not.toMatch(/planted|secret/);
    expect(JSON.parse(String(seen["input"]))).toEqual({
      ServerURL: "https://index.docker.io/v1/",
      Username: "u",
      Secret: "secret",
    });
  });

  test("stores an identity token, and erases existing and missing credentials", async () => {
    const log = join(directory, "log");
    await install(
      `fs.appendFileSync(${JSON.stringify(log)}, verb + " " + input + "\\n");
       if (input === "gone.example") { console.log("credentials not found in native keychain"); process.exit(1); }`,
    );
    const place = { kind: "helper", name: "test", helper: create() } as const;
    await storeCredential(place, "r.example", { kind: "identity-token", token: "i" });
    await eraseCredential(place, "r.example");
    await eraseCredential(place, "gone.example");
    const stored = JSON.stringify({ ServerURL: "r.example", Username: "<token>", Secret: "i" });
    expect(await readFile(log, "utf8")).toBe(`store ${stored}\nerase r.example\nerase gone.example\n`);
  });

  test.each<[string, string]>([
    ["fails", 'console.error("planted"); console.log("planted"); process.exit(1)'],
    ["writes no JSON", 'console.log("planted")'],
    ["writes other fields", 'console.log(JSON.stringify({ Username: "planted" }))'],
    ["writes too much", 'console.log("planted".repeat(100000))'],
    ["is killed", "process.kill(process.pid, 'SIGKILL')"],
    ["does not read", 'fs.closeSync(0); console.log("planted"); process.exit(2)'],
  ])("that %s ends the search, and the error names it without its output [T61, T62, T83]", async (_, code) => {
    await install(code);
    const failed = await create()
      .find("test", "r.example")
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "OCI_CREDENTIALS_UNAVAILABLE", details: { helper: "test" } });
    expect(JSON.stringify([String(failed), failed, String((failed as Error).cause)])).not.toContain("planted");
  });

  test("that hangs is killed, and its child processes are not waited for [T83]", async () => {
    await install(
      `require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 3000)"], { stdio: "inherit" });
       setInterval(() => {}, 1000)`,
    );
    await expectRefused(create({}, 300).find("test", "r.example"), "OCI_CREDENTIALS_UNAVAILABLE", {
      message: 'credential helper "test" did not answer within 0.3 s',
    });
  });

  test("that has ended is not waited for any longer if a child process of it keeps its output open [T83]", async () => {
    await install(
      `require("node:child_process").spawn("/usr/bin/sleep", ["30"], { stdio: "inherit" });
       process.exit(0)`,
    );
    await expectRefused(create({}, 300).find("test", "r.example"), "OCI_CREDENTIALS_UNAVAILABLE", {
      message: 'credential helper "test" did not answer within 0.3 s',
    });
  });

  test("that cannot be run is named in the error [T62]", async () => {
    const program = join(directory, "docker-credential-test");
    await writeFile(program, "#!/nonexistent/interpreter\n");
    await chmod(program, 0o755);
    await expectRefused(create().find("test", "r.example"), "OCI_CREDENTIALS_UNAVAILABLE");
  });

  test.each(["../evil", "a/b", "", "a;b", "a b", ".x", "-x", "$(x)", "a\0b", "ä"])(
    "of the name %j is refused [T83]",
    async (name) => {
      await expectRefused(create().find(name, "r.example"), "OCI_CREDENTIALS_UNAVAILABLE", {
        message: `credential helper ${JSON.stringify(name)} is not a valid helper name`,
      });
    },
  );

  test("is never searched in the working directory [T83]", async () => {
    await mkdir(join(directory, "empty"));
    const path = join(process.cwd(), "docker-credential-planted");
    await writeFile(path, "#!/bin/sh\n", { mode: 0o755 });
    try {
      for (const search of ["", ".", "./", ":", `.:${join(directory, "empty")}`]) {
        await expect(create({ PATH: search }).find("planted", "r.example")).rejects.toMatchObject({
          message: 'credential helper "planted" is not installed: no docker-credential-planted in PATH',
        });
      }
    } finally {
      await rm(path);
    }
  });
});
