/** The status page: what it says, that it is the same for the same state, and that no name in it becomes markup. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseRoleName, parseTargetPath } from "@dtuf/tuf";
import { beforeEach, describe, expect, test } from "vitest";
import { createHostileRepository, hostileTexts, publishSimulated, repo } from "./hostile-repository.ts";
import { publishDemo, type Ran } from "./machine.ts";
import { attributeOf, elementsOf, openPage, textOf, type Page } from "./status-html.ts";
import { useMachine } from "./use-machine.ts";

const start = new Date("2030-01-02T00:00:00Z");
const machine = useMachine({ DTUF_HOST: "oci:registry" });
beforeEach(() => {
  machine.now = () => start;
});

async function readPage(name = "status.html"): Promise<Page> {
  return openPage(await readFile(join(machine.directory, name), "utf8"));
}

function status(...words: readonly string[]): Promise<Ran> {
  return machine.run(["status", repo, "--html", "status.html", ...words]);
}

describe("the page of a repository that is in order", () => {
  beforeEach(async () => {
    await publishDemo(machine, repo, "one");
    await writeFile(join(machine.directory, "demo.txt"), "two");
    await machine.must(["publish", repo, "demo.txt"]);
    await machine.must(["get-root", repo, "--output", "root.json"]);
  });

  test.each([[[]], [["--root", "root.json"]]])(
    "is the same for the same state and the same clock: %s",
    async (words) => {
      await machine.must(["status", repo, "--html", "one.html", "--calendar", "one.ics", ...words]);
      await machine.must(["status", repo, "--html", "two.html", "--calendar", "two.ics", ...words]);
      for (const kind of ["html", "ics"]) {
        const [one, two] = await Promise.all(
          ["one", "two"].map((name) => readFile(join(machine.directory, `${name}.${kind}`))),
        );
        expect(one?.equals(two ?? Buffer.of())).toBe(true);
      }
    },
  );

  test("says first whether clients are served, until when, and by which role that ends", async () => {
    await machine.must(["status", repo, "--html", "status.html"]);
    const page = await readPage();
    const [heading] = elementsOf(page, "h1");
    expect(heading === undefined ? "" : textOf(heading)).toBe("Clients are served.");
    expect(textOf(page)).toContain("Good until 2030-01-03 00:00 UTC");
    expect(textOf(page)).toContain("when timestamp expires unless it is signed again");
    expect(elementsOf(page, "h1")).toHaveLength(1);
  });

  test("says what changed since the last release, and what a client gets for a name", async () => {
    await machine.must(["status", repo, "--html", "status.html", "--root", "root.json"]);
    const text = textOf(await readPage());
    expect(text).toContain("targets: replace demo.txt, 3 bytes -> 3 bytes");
    expect(text).toContain("targets lists it (from root: every search begins here)");
    expect(text).toContain("As a client with a pinned root sees it.");
  });

  test("brings its data along: status.json and a calendar, both as the commands write them", async () => {
    await machine.must(["status", repo, "--root", "root.json", "--html", "status.html", "--calendar", "expiries.ics"]);
    const { stdout } = await machine.must(["status", repo, "--root", "root.json", "--json"]);
    const files = elementsOf(await readPage(), "a").flatMap((link) => {
      const href = attributeOf(link, "href") ?? "";
      return href.startsWith("data:") ? [Buffer.from(href.slice(href.indexOf(",") + 1), "base64").toString()] : [];
    });
    expect(files).toEqual([stdout, await readFile(join(machine.directory, "expiries.ics"), "utf8")]);
  });

  test("turns red when the timestamp has expired, and the exit status is 7", async () => {
    machine.now = () => new Date(start.getTime() + 2 * 86_400_000);
    expect((await status("--root", "root.json")).status).toBe(7);
    expect(textOf(await readPage())).toContain(
      "Clients refuse what is published. Because timestamp has expired. Since 2030-01-03 00:00 UTC, 24 hours ago.",
    );
  });

  test("shows an older release than this client has seen as refused, and the client's state stays as it was [T3]", async () => {
    await machine.must(["pull-metadata", repo, "root.json", "--repositories-root", "client"]);
    const { createLayoutStore } = await import("@dtuf/registry/layout");
    const { latestTag, releaseTag } = await import("@dtuf/format");
    const store = createLayoutStore({ directory: join(machine.directory, "registry", repo) });
    const older = await store.resolve(releaseTag(1), { want: "bytes" });
    if (older === undefined) throw new Error("release 1 is gone");
    await store.tag(latestTag, older.descriptor);
    const state = join(machine.directory, "client", repo, "copy", "state.json");
    const before = await readFile(state);
    const ran = await status("--repositories-root", "client");
    expect([ran.status, ran.stderr]).toEqual([6, expect.any(String)]);
    expect(textOf(await readPage())).toContain("Code TUF_ROLLBACK");
    expect((await readFile(state)).equals(before)).toBe(true);
  });

  test("needs a publisher's state or a pinned root", async () => {
    const ran = await status("--repositories-root", "empty");
    expect(ran).toMatchObject({ status: 3, stderr: expect.stringContaining("MASTER_METADATA_MISSING") as string });
  });
});

/** Everything that the page may consist of. */
const elements = new Set(
  "html head meta title style body a header p span time main div svg g circle path rect line text desc h1 h2 h3 strong ul li ol dl dt dd section details summary table thead tbody tr th td code footer".split(
    " ",
  ),
);

describe("text of metadata", () => {
  test("never becomes an element, an attribute or an address, whatever a signer writes into any field [T260]", async () => {
    await createHostileRepository(machine);
    const ran = await status("--root", "root.json");
    expect(ran.status).toBe(0);
    const page = await readPage();
    const found = new Set(page.elements.map(({ nodeName }) => nodeName));
    expect([...found].filter((name) => !elements.has(name))).toEqual([]);
    const attributes = new Set(page.elements.flatMap(({ attrs }) => attrs.map(({ name }) => name)));
    expect(
      [...attributes].filter((name) => name.startsWith("on") || ["style", "src", "srcdoc"].includes(name)),
    ).toEqual([]);
    for (const link of elementsOf(page, "a")) {
      expect(attributeOf(link, "href")).toMatch(
        /^(?:#status$|data:(?:application\/json|text\/calendar);charset=utf-8;base64,)/,
      );
    }
    for (const text of hostileTexts) expect(textOf(page)).toContain(shown(text).slice(0, 40));
  });

  test("cannot turn the direction of writing, end a line or hide a character [T260]", async () => {
    await createHostileRepository(machine);
    await status("--root", "root.json");
    const text = await readFile(join(machine.directory, "status.html"), "utf8");
    expect(text).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}\x7f-\x9f]/u);
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  test("does not reach the terminal unescaped, in any form of the command [T260]", async () => {
    await createHostileRepository(machine);
    for (const words of [["status"], ["status", "--json"], ["tree"], ["tree", "--json"]]) {
      const { stdout } = await machine.run([...words.slice(0, 1), repo, "--root", "root.json", ...words.slice(1)]);
      expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });
});

/** As the page shows it. */
function shown(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`);
}

test("the page runs nothing and fetches nothing: its policy allows its own style sheet alone [T260]", async () => {
  await createHostileRepository(machine);
  await status("--root", "root.json");
  const page = await readPage();
  const policy = elementsOf(page, "meta").find((meta) => attributeOf(meta, "http-equiv") === "Content-Security-Policy");
  const [style] = elementsOf(page, "style");
  const hash = createHash("sha256")
    .update(style === undefined ? "" : textOf(style))
    .digest("base64");
  expect(policy === undefined ? "" : attributeOf(policy, "content")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
  );
  expect(page.elements.indexOf(style ?? page.root)).toBeGreaterThan(page.elements.indexOf(policy ?? page.root));
});

test("the page can be read by people who do not see it: language, one title, headings in order, names, labels", async () => {
  await createHostileRepository(machine);
  await status("--root", "root.json");
  const page = await readPage();
  expect(elementsOf(page, "html").map((each) => attributeOf(each, "lang"))).toEqual(["en"]);
  const levels = page.elements.flatMap(({ nodeName }) => (/^h[1-6]$/.test(nodeName) ? [Number(nodeName[1])] : []));
  expect(levels[0]).toBe(1);
  for (const [at, level] of levels.entries()) expect(level - (levels[at - 1] ?? 0)).toBeLessThanOrEqual(1);
  const ids = page.elements.flatMap((each) => attributeOf(each, "id") ?? []);
  expect(new Set(ids).size).toBe(ids.length);
  const named = page.elements.flatMap((each) =>
    (attributeOf(each, "aria-labelledby") ?? "").split(" ").filter((id) => id !== ""),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((id) => !ids.includes(id))).toEqual([]);
  expect(
    elementsOf(page, "svg").filter(
      (svg) => attributeOf(svg, "role") !== "img" && attributeOf(svg, "aria-hidden") !== "true",
    ),
  ).toEqual([]);
  for (const details of elementsOf(page, "details")) {
    const [first] = details.childNodes.filter(({ nodeName }) => nodeName !== "#text");
    expect(first?.nodeName).toBe("summary");
  }
});

describe("a page stays small", () => {
  test("with 100,000 targets: it shows the first and says how many more there are", async () => {
    const sim = await createTufSimulator();
    const hashes = new Map([["sha256", "ab".repeat(32)]]);
    for (let at = 0; at < 100_000; at += 1) {
      sim.targets.targets.set(parseTargetPath(`file-${at}`), { length: 1, hashes, unrecognized: {} });
    }
    await sim.publishRelease();
    await publishSimulated(machine, sim);
    expect((await status("--root", "root.json")).status).toBe(0);
    const text = await readFile(join(machine.directory, "status.html"), "utf8");
    expect(text.length).toBeLessThan(1_000_000);
    expect(textOf(openPage(text))).toContain("And 99800 more targets, not shown here.");
  });

  test("with 16,384 hash bins, none of which is read", async () => {
    const sim = await createTufSimulator();
    sim.addSuccinctRoles("targets", 1, "bin");
    const { delegations } = sim.targets;
    if (delegations?.kind !== "succinct") throw new TypeError("wanted bins");
    delegations.succinct.bitLength = 14;
    sim.delegates.clear();
    await sim.publishRelease();
    await publishSimulated(machine, sim);
    expect((await status("--root", "root.json")).status).toBe(0);
    const page = await readPage();
    expect(textOf(page)).toContain("16384 hash bins: every name belongs to one of them");
    expect(textOf(page)).not.toMatch(/Asked.*bin-0/);
  });

  test("with long names in every place", async () => {
    const sim = await createTufSimulator();
    for (let at = 0; at < 60; at += 1) {
      const name = `${at} ${"n".repeat(4000)}`;
      sim.addTarget(name, Buffer.from("x"), { custom: { text: "c".repeat(10_000) } });
      sim.addDelegation("targets", { name, paths: Array.from({ length: 20 }, () => `${at}${"*a".repeat(2000)}`) });
    }
    await sim.publishRelease();
    await publishSimulated(machine, sim);
    expect((await status("--root", "root.json")).status).toBe(0);
    expect((await readFile(join(machine.directory, "status.html"))).length).toBeLessThan(8_000_000);
  });
});

describe("tree", () => {
  test("says which delegation no client asks, because a terminating one takes its names, and which come first", async () => {
    const sim = await createTufSimulator();
    sim.addDelegation("targets", { name: "editors", paths: ["docs/*", "tools/lint*"] });
    sim.addDelegation("targets", { name: "tools", paths: ["tools/*"], terminating: true });
    sim.addDelegation("targets", { name: "linters", paths: ["tools/lint-*"] });
    sim.addDelegation("tools", { name: "hammers", paths: ["tools/hammer*"] });
    await sim.publishRelease();
    await publishSimulated(machine, sim);
    const { stdout } = await machine.must(["tree", repo, "--root", "root.json"]);
    expect(stdout.split("\n")).toEqual([
      "targets",
      "  1. editors: docs/* tools/lint*, 1 of 1 key, version 1, 0 targets",
      "  2. tools: tools/*, terminating, 1 of 1 key, version 1, 0 targets, editors before it",
      "    1. hammers: tools/hammer*, 1 of 1 key, version 1, 0 targets",
      "  3. linters: tools/lint-*, 1 of 1 key, version 1, 0 targets, never asked, because tools is terminating and takes all its names",
      "",
    ]);
  });

  test("goes round no circle: a role above itself is asked once", async () => {
    const sim = await createTufSimulator();
    sim.addDelegation("targets", { name: "one", paths: ["*"] });
    sim.addDelegation("one", { name: "two", paths: ["*"] });
    sim.addDelegation("two", { name: parseRoleName("one"), paths: ["*"] });
    await sim.publishRelease();
    await publishSimulated(machine, sim);
    const { stdout } = await machine.must(["tree", repo, "--root", "root.json"]);
    expect(stdout).toContain("1. one: *, 1 of 1 key, not read: it is above itself in this tree: it is asked once");
  });
});
