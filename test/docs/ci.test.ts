/** docs/ci: the YAML is parsed, and every line of shell is run, job after job, as the CI would run it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "../structure/sources.ts";
import { createScene, repo, type Ended, type Scene, type Variables } from "./ci-scene.ts";

const patience = { timeout: 300_000 };
const longAgo = new Date(Date.now() - 200 * 86_400_000);
let scene: Scene | undefined;

afterEach(async () => {
  await scene?.[Symbol.asyncDispose]();
  scene = undefined;
});

const page = (name: string): Promise<string> => readFile(join(root, "docs/ci", name), "utf8");

const blocksOf = (text: string, language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map(([, block = ""]) => block);

interface Job {
  readonly name: string;
  /** More of what the CI tells the job. */
  readonly given?: Variables;
}

/** Runs a job in a new checkout. The status is that of the first command that fails. */
type RunJob = (job: Job) => Promise<Ended>;

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Variables;
}

interface Workflow {
  readonly name: string;
  readonly on: unknown;
  readonly jobs: Readonly<Record<string, { readonly env?: Variables; readonly steps: readonly Step[] }>>;
}

async function onGitHub({ host, secrets, checkOut, shell, founder }: Scene): Promise<RunJob> {
  const text = await page("github-actions.md");
  const workflows = blocksOf(text, "yaml").map((block) => parse(block) as Workflow);
  const [restore = "", save = ""] = blocksOf(text, "sh");
  const dtuf = ".github/dtuf";
  const rootFile = await readFile(join(founder.directory, "root.json"), "utf8");
  const files = { [`${dtuf}/restore.sh`]: restore, [`${dtuf}/save.sh`]: save, [`${dtuf}/root.json`]: rootFile };
  return async ({ name, given = {} }) => {
    const workflow = workflows.find((each) => each.name === name);
    expect(workflow?.on).toBeDefined();
    const job = workflow?.jobs[name];
    const known: Variables = {
      ...Object.fromEntries(Object.entries(secrets).map(([key, value]) => [`secrets.${key}`, value])),
      ...{ "secrets.GITHUB_TOKEN": "token", "github.actor": "fred", "github.repository": "fred/demo" },
      ...{
        "vars.DTUF_PACKAGE": "dtuf@1",
        "vars.FIRST_SNAPSHOT": given["FIRST_SNAPSHOT"] ?? ">=1",
        "inputs.proposal": "next",
      },
    };
    const cwd = await checkOut(files);
    const base = { ...filledAll(job?.env ?? {}, known), ...given, DTUF_HOST: host, DTUF_INSECURE: "1" };
    let ended: Ended = { status: 0, output: "" };
    for (const step of job?.steps ?? []) {
      if (step.uses !== undefined) expect(["actions/checkout@v4", "actions/setup-node@v4"]).toContain(step.uses);
      const isFailed = ended.status !== 0;
      if (step.run === undefined || isFailed !== (step.if === "failure()")) continue;
      const env = { ...base, ...filledAll(step.env ?? {}, known) };
      const { status, output } = await shell(filled(step.run, known), { cwd, env });
      ended = { status: isFailed ? ended.status : status, output: `${ended.output}${output}` };
    }
    return ended;
  };
}

function filled(text: string, known: Variables): string {
  return text.replaceAll(/\$\{\{ ([a-zA-Z_.]+) \}\}/g, (_, name: string) => {
    expect(Object.keys(known)).toContain(name);
    return known[name] ?? "";
  });
}

function filledAll(variables: Variables, known: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, filled(value, known)]));
}

interface GitLabJob {
  readonly extends?: string;
  readonly variables?: Variables;
  readonly before_script?: readonly string[];
  readonly script?: readonly string[];
  readonly after_script?: readonly string[];
}

async function onGitLab({ host, secrets, checkOut, shell, founder, remote }: Scene): Promise<RunJob> {
  const [block = ""] = blocksOf(await page("gitlab-ci.md"), "yaml");
  const jobs = parse(block) as Readonly<Record<string, GitLabJob>>;
  const rootFile = await readFile(join(founder.directory, "root.json"), "utf8");
  return async ({ name, given = {} }) => {
    const own = jobs[name];
    const shared = jobs[own?.extends ?? ""] ?? {};
    const cwd = await checkOut({ "root.json": rootFile });
    const tag = given["GITHUB_REF_NAME"];
    const ci: Variables = {
      ...secrets,
      ...{ CI_REGISTRY_IMAGE: `${host}/fred/demo`, CI_REGISTRY_USER: "fred", CI_REGISTRY_PASSWORD: "token" },
      ...{ DTUF_PACKAGE: "dtuf@1", FIRST_SNAPSHOT: ">=1", DTUF_INSECURE: "1", DTUF_HOST: host, ...given },
      ...{ STATE_TOKEN: "token", CI_SERVER_HOST: "gitlab.example.com", CI_PROJECT_PATH: "fred/demo" },
      ...(tag === undefined ? {} : { CI_COMMIT_TAG: tag }),
    };
    const variables = { ...shared.variables, ...own?.variables };
    const env: Record<string, string> = { ...ci };
    for (const [key, value] of Object.entries(variables)) {
      env[key] = value.replaceAll(/\$([A-Z_]+)/g, (_, variable: string) => ci[variable] ?? "");
    }
    if (shared.variables !== undefined) {
      expect(env["STATE"]).toBe("https://dtuf:token@gitlab.example.com/fred/demo.git");
      env["STATE"] = remote;
    }
    const lines = [...(shared.before_script ?? []), ...(own?.script ?? [])];
    expect(lines.length).toBeGreaterThan(1);
    const ended = await shell(lines.join("\n"), { cwd, env });
    const after = await shell((shared.after_script ?? []).join("\n"), { cwd, env });
    expect(after).toMatchObject({ status: 0 });
    return ended;
  };
}

const done = (ended: Ended): void => expect([ended.status, ended.status === 0 ? "" : ended.output]).toEqual([0, ""]);

async function publishedVersion({ founder }: Scene): Promise<number> {
  const status = JSON.parse((await founder.run(["status", repo, "--json"])).stdout) as {
    readonly published: { readonly versions: { readonly timestamp: number } };
  };
  return status.published.versions.timestamp;
}

describe.each([
  ["github-actions.md", onGitHub],
  ["gitlab-ci.md", onGitLab],
])("the jobs of docs/ci/%s", (_name, prepare) => {
  test("publish on a tag, refresh, accept a proposal, and verify, each from a fresh checkout", patience, async () => {
    scene = await createScene(new Date());
    const run = await prepare(scene);
    const { founder } = scene;
    done(await run({ name: "publish", given: { GITHUB_REF_NAME: "v1" } }));
    expect((await founder.must(["pull", repo, "--root", "root.json", "--output", "files/"])).stderr).toContain(
      "app-v1.tar",
    );
    const published = await publishedVersion(scene);
    // The state is there: without it no job could begin any more.
    const given = { FIRST_SNAPSHOT: ">=999999" };
    done(await run({ name: "refresh", given }));
    expect(await publishedVersion(scene)).toBe(published + 1);
    await founder.must(["push-target", repo, "by-hand.txt", "demo.txt"]);
    await founder.must(["propose", repo]);
    done(await run({ name: "accept", given }));
    done(await run({ name: "refresh", given }));
    done(await run({ name: "verify" }));
    const kept = await scene.shell("git ls-tree -r --name-only dtuf-state", { cwd: scene.remote, env: {} });
    expect(kept.output).toContain("/master/record.json\n");
    expect(kept.output).not.toMatch(/_key$/m);
    await founder.must(["pull-metadata", repo]);
    expect((await founder.must(["list-copy-targets", repo])).stdout).toBe("app-v1.tar\nby-hand.txt\ndemo.txt\n");
  });

  test("fail when something else is due, after they have refreshed and kept their state", patience, async () => {
    scene = await createScene(longAgo);
    const run = await prepare(scene);
    done(await run({ name: "publish", given: { GITHUB_REF_NAME: "v1", FIRST_SNAPSHOT: "1" } }));
    const published = await publishedVersion(scene);
    const ended = await run({ name: "refresh" });
    expect(ended).toMatchObject({ status: 10, output: expect.stringMatching(/root expires at/) });
    expect(await publishedVersion(scene)).toBe(published + 1);
    expect(await run({ name: "refresh" })).toMatchObject({ status: 10 });
    expect(await publishedVersion(scene)).toBe(published + 2);
  });
});
