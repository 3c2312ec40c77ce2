/** How long roles are valid and when they are due, as the metadata says it; and what `status` tells of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { metricsText } from "../../packages/cli/src/publish/reports/prometheus.ts";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const dayMs = 86_400_000;
const { machine, registry } = useMachineAndRegistry();
let start: Date;

beforeEach(async () => {
  start = new Date("2030-01-01T00:00:00Z");
  machine.now = () => start;
  await publishDemo(machine, repo, "Hello World\n");
});
interface Role {
  readonly role: string;
  readonly version: number;
  readonly expires: string;
  readonly state: string;
  readonly signed?: readonly { owner?: string; fingerprint: string }[];
}

async function rolesOf(words: readonly string[] = []): Promise<Readonly<Record<string, Role>>> {
  const { stdout } = await machine.run(["status", repo, "--json", ...words]);
  const { roles } = JSON.parse(stdout) as { readonly roles: readonly Role[] };
  return Object.fromEntries(roles.map((role) => [role.role, role]));
}

const inDays = (days: number): string => new Date(start.getTime() + days * dayMs).toISOString();

function passDays(days: number): void {
  start = new Date(start.getTime() + days * dayMs);
}

interface Signed {
  readonly signed: Record<string, unknown> & { readonly roles: Readonly<Record<string, Record<string, unknown>>> };
}

async function rootFile(): Promise<Signed["signed"]> {
  await machine.must(["get-root", repo, "--output", "root.json"]);
  return (JSON.parse(readFileSync(join(machine.directory, "root.json"), "utf8")) as Signed).signed;
}

describe("periods in the metadata", () => {
  test("are in the fields that tuf-on-ci reads, count instead of a machine's lifetimes, and stay when others publish", async () => {
    for (const [role, ...days] of [
      ["root", "100", "40"],
      ["targets", "50", "10"],
      ["snapshot", "20"],
      ["timestamp", "4", "1"],
    ] as const) {
      await machine.must(["set-periods", repo, role, ...days]);
    }
    const staged = await machine.run(["status", repo]);
    expect(staged.stdout).toContain("staged: timestamp is valid for 4 days and signed again 1 before the end\n");
    const pushed = await machine.must(["push-metadata", repo, "--timestamp-lifetime", "1h"]);
    expect(pushed.stderr).not.toContain("is not used");
    const root = await rootFile();
    const [expiry, signing] = ["x-tuf-on-ci-expiry-period", "x-tuf-on-ci-signing-period"];
    expect(root).toMatchObject({ version: 2, [expiry]: 100, [signing]: 40 });
    expect(root.roles).toMatchObject({
      snapshot: { [expiry]: 20, [signing]: 10 },
      timestamp: { [expiry]: 4, [signing]: 1 },
    });
    const expected = { root: 100, targets: 50, snapshot: 20, timestamp: 4 };
    const roles = await rolesOf();
    for (const [role, days] of Object.entries(expected)) {
      expect(roles[role]).toMatchObject({ role, expires: inDays(days), periods: { expiryDays: days } });
    }
    const again = await machine.run(["refresh-metadata", repo, "--timestamp-lifetime", "1h"]);
    expect(again.stderr).toContain("--timestamp-lifetime is not used: the metadata says that timestamp is valid for 4");
    expect((await rolesOf())["timestamp"]).toMatchObject({ expires: inDays(4) });
    await machine.must(["reset-keys", repo]);
    await machine.must(["push-metadata", repo]);
    expect((await rolesOf())["root"]).toMatchObject({ version: 3, expires: inDays(100) });
  });

  test("say when a role is due: refresh-metadata signs the snapshot again in its signing period, and not before", async () => {
    await machine.must(["set-periods", repo, "snapshot", "20", "3"]);
    await machine.must(["set-periods", repo, "timestamp", "30", "1"]);
    await machine.must(["set-periods", repo, "targets", "40", "5"]);
    await machine.must(["push-metadata", repo]);
    passDays(16);
    expect((await machine.run(["status", repo])).status).toBe(0);
    await machine.must(["refresh-metadata", repo]);
    expect((await rolesOf())["snapshot"]).toMatchObject({ version: 2, state: "good" });
    passDays(2);
    expect((await machine.run(["status", repo])).status).toBe(10);
    expect((await rolesOf())["snapshot"]).toMatchObject({ version: 2, state: "soon" });
    await machine.must(["refresh-metadata", repo]);
    expect((await rolesOf())["snapshot"]).toMatchObject({ version: 3, state: "good", expires: inDays(20) });
    expect((await machine.run(["status", repo])).status).toBe(0);
    expect((await machine.run(["status", repo, "--within", "23 days"])).status).toBe(10);
  });

  test("of a delegated role are in its own document, which the delegate proposes", async () => {
    machine.environment = { ...machine.environment, DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" };
    await machine.must(["create-key", "dora"]);
    await machine.must(["delegate-role", repo, "tools", "--path", "tools/*", "--key", "dora.pub"]);
    await machine.must(["push-metadata", repo]);
    await machine.must(["set-periods", repo, "tools", "60", "20"]);
    await machine.must(["propose", repo, "--role", "tools"]);
    await machine.must(["accept", repo, "tools"]);
    expect((await rolesOf())["tools"]).toMatchObject({
      version: 2,
      expires: inDays(60),
      periods: { expiryDays: 60, signingDays: 20 },
      signed: [{ fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    const again = await machine.run(["propose", repo, "--role", "tools"]);
    expect(again).toMatchObject({ status: 2, stderr: expect.stringContaining("MASTER_NOTHING_STAGED") });
    passDays(1);
    await machine.must(["push-metadata", repo]);
    expect((await rolesOf())["tools"]).toMatchObject({ state: "good" });
    passDays(40);
    expect((await rolesOf())["tools"]).toMatchObject({ state: "soon" });
  });

  test.each([
    [["timestamp", "1"], "wanted a validity of 2 to 7320 days; got 1"],
    [["timestamp", "7", "7"], "7 days before the end is before the beginning of 7 days"],
    [["timestamp", "7d"], "wanted a number of days"],
    [["timestamp", "9999"], "wanted a validity of 2 to 7320 days"],
  ])("%j is a usage error, and nothing is staged", async (words, message) => {
    const refused = await machine.run(["set-periods", repo, ...words]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining(message) });
    expect((await machine.run(["status", repo])).stdout).not.toContain("staged");
  });

  test("of a role that is not there are refused", async () => {
    const refused = await machine.run(["set-periods", repo, "nobody", "7"]);
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining("MASTER_ROLE_UNKNOWN") });
  });
});

test("status says who signed each role, by name, how many must, and until when", async () => {
  machine.environment = { ...machine.environment, DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" };
  await machine.must(["create-key", "alice"]);
  await machine.must(["add-key", repo, "targets", "alice.pub", "--owner", "alice"]);
  await machine.must(["set-threshold", repo, "targets", "2"]);
  await machine.must(["push-metadata", repo]);
  const { stdout } = await machine.run(["status", repo]);
  expect(stdout).toMatch(
    /^targets: version 2, signed by ([0-9a-f]{8}, alice|alice, [0-9a-f]{8}) \(2 of 2 keys must sign\), expires 2030/m,
  );
  expect(stdout).toMatch(/^timestamp: version 2, signed by [0-9a-f]{8} \(1 of 1 keys must sign\), expires 2030/m);
  expect((await rolesOf(["--offline"]))["targets"]?.signed).toHaveLength(2);
});

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The grammar of the text format: every line is a comment, or a sample of a family that was declared before it. */
function parseMetrics(text: string): readonly Sample[] {
  expect(text.endsWith("\n")).toBe(true);
  const declared = new Set<string>();
  return text
    .slice(0, -1)
    .split("\n")
    .flatMap((line): readonly Sample[] => {
      const [, keyword, family = ""] = /^# (HELP|TYPE) ([a-z_]+) \S/.exec(line) ?? [];
      if (keyword === "TYPE") declared.add(family);
      if (keyword !== undefined) return [];
      const [, name = "", inner = "", value] =
        /^([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (-?[0-9]+)$/.exec(line) ?? [];
      expect([line, declared.has(name)]).toEqual([line, true]);
      const labels = [...inner.matchAll(/([a-z]+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = "", text = ""]) => [
        label,
        text.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped)),
      ]);
      return [{ name, labels: Object.fromEntries(labels) as Record<string, string>, value: Number(value) }];
    });
}

describe("status --prometheus", () => {
  test("prints every metric that docs/metrics.md names, and no other, and ends as status does", async () => {
    await machine.must(["push-target", repo, "other", "demo.txt"]);
    await machine.must(["propose", repo, "release"]);
    await machine.must(["push-metadata", repo, "--record-out", "record"]);
    passDays(2);
    const { stdout, status } = await machine.run(["status", repo, "--prometheus"]);
    expect(status).toBe(7);
    const samples = parseMetrics(stdout);
    const page = readFileSync(join(import.meta.dirname, "../../docs/metrics.md"), "utf8");
    const documented = [...page.matchAll(/^\| `(dtuf_[a-z_]+)`/gm)].map(([, name]) => name);
    expect(new Set(samples.map(({ name }) => name))).toEqual(new Set(documented));
    const value = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
      samples.find((each) => each.name === name && Object.entries(labels).every(([k, v]) => each.labels[k] === v))
        ?.value;
    expect(samples.every(({ labels }) => labels["place"] === `${registry.host}/${repo}`)).toBe(true);
    expect(value("dtuf_role_due", { role: "timestamp" })).toBe(1);
    expect(value("dtuf_role_due", { role: "root" })).toBe(0);
    expect(value("dtuf_role_expires_seconds", { role: "timestamp" })).toBe(start.getTime() / 1000 - 86_400);
    expect(value("dtuf_role_threshold", { role: "targets" })).toBe(1);
    expect(value("dtuf_registry_state", { state: "same" })).toBe(1);
    expect(value("dtuf_status_exit")).toBe(7);
    expect(value("dtuf_status_time_seconds")).toBe(start.getTime() / 1000);
  });

  test("escapes what is in a label, so that no name makes a line of its own", () => {
    const place = 'oci:a"b\\c\nevil{} 1\u0007';
    const text = metricsText({
      place,
      status: {
        due: [],
        roles: [],
        staged: { targets: [], roles: [], roots: [], keys: [] },
        versions: "never",
        proposals: [],
        registry: "absent",
      },
      exitStatus: 0,
      now: start,
    });
    const samples = parseMetrics(text);
    expect(new Set(samples.map(({ labels }) => labels["place"]))).toEqual(new Set(['oci:a"b\\c\nevil{} 1\\u{7}']));
  });

  test("with --json is a usage error", async () => {
    const refused = await machine.run(["status", repo, "--prometheus", "--json"]);
    expect(refused).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("--json has no meaning") });
  });
});
