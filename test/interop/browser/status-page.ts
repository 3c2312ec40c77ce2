/**
 * The status page in a real browser: nothing in it runs, nothing is fetched, it fits a narrow screen, its colours can be told
 * apart on light and on dark screens, and it is read with a keyboard.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startChromium, type BrowserPage, type Chromium } from "@dtuf/testing/machines/debian-chromium";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { createHostileRepository, publishSimulated, repo } from "../../cli/hostile-repository.ts";
import { createMachine, type Machine } from "../../cli/machine.ts";
import type { Outcome } from "../outcome.ts";

const cacheDirectory = join(import.meta.dirname, "../../../.cache/debian");
const now = new Date("2030-01-02T00:00:00Z");

export async function runStatusPage(): Promise<Outcome> {
  const peer = "Chromium";
  const chromium = await startChromium({ cacheDirectory }).catch((error: unknown) => String(error));
  if (typeof chromium === "string") {
    return { kind: "missing", peer, install: `apt-get install chromium, or name it in DTUF_CHROMIUM (${chromium})` };
  }
  await using browser = chromium;
  const faults: string[] = [];
  for (const [name, make] of Object.entries(repositories)) {
    await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
    machine.now = () => now;
    await make(machine);
    await machine.must(["status", repo, "--root", "root.json", "--html", "status.html"]);
    const url = pathToFileURL(join(machine.directory, "status.html")).href;
    for (const fault of await checkPage(browser, url)) faults.push(`${name}: ${fault}`);
  }
  return { kind: "ran", peer, did: "shows the status page of ordinary and of hostile names", faults };
}

const repositories: Readonly<Record<string, (machine: Machine) => Promise<unknown>>> = {
  "ordinary names": async (machine) => {
    const sim = await createTufSimulator();
    sim.addTarget("app-1.4.tgz", Buffer.from("app"), { custom: { channel: "stable" } });
    sim.addDelegation("targets", { name: "tools", paths: ["tools/*"], terminating: true });
    sim.addDelegation("targets", { name: "linters", paths: ["tools/lint-*"] });
    sim.addDelegation("tools", { name: "hammers", paths: ["tools/hammer*"] });
    await sim.publishRelease();
    await publishSimulated(machine, sim);
  },
  "hostile names": createHostileRepository,
};

async function checkPage(chromium: Chromium, url: string): Promise<readonly string[]> {
  const wide = { width: 1100, height: 900, scheme: "light", scripts: "on" } as const;
  const page = await chromium.open(url, wide);
  const dark = await chromium.open(url, { ...wide, scheme: "dark" });
  const narrow = await chromium.open(url, { ...wide, width: 320 });
  const still = await chromium.open(url, { ...wide, scripts: "off" });
  for (const each of [page, dark, narrow]) await each.evaluate(openAll);
  const text = (shown: BrowserPage): Promise<string> => shown.evaluate<string>("document.body.textContent");
  const ground = (shown: BrowserPage): Promise<string> =>
    shown.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  return [
    ...(await whatRan(page, url)),
    ...((await text(page)) === (await text(still)) ? [] : ["it says less without scripts"]),
    ...((await ground(page)) === (await ground(dark)) ? ["it is the same on dark screens"] : []),
    ...(await page.evaluate<string[]>(dimTexts)).map((each) => `light: ${each}`),
    ...(await dark.evaluate<string[]>(dimTexts)).map((each) => `dark: ${each}`),
    ...(await narrow.evaluate<string[]>(wideElements)),
    ...(await focusOrder(await chromium.open(url, wide))),
  ];
}

async function whatRan(page: BrowserPage, url: string): Promise<readonly string[]> {
  const title = await page.evaluate<string>("document.title");
  const active =
    "document.querySelectorAll('script,iframe,object,embed,img,link,base,[onclick],[onerror],[onload]').length";
  const count = await page.evaluate<number>(active);
  return [
    ...(title.startsWith("Clients are") ? [] : [`something set the title: ${title}`]),
    ...(count === 0 ? [] : [`${count} elements that run or fetch`]),
    ...page.requests.filter((each) => each !== url).map((each) => `it asked for ${each}`),
    ...page.complaints.map((each) => `the browser complains: ${each}`),
  ];
}

const openAll = "for (const each of document.querySelectorAll('details')) each.open = true";

/** Text whose contrast with the colour behind it is below 4.5 (WCAG 2, AA), from the colours that the browser computed. */
const dimTexts = `(() => {
  const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = numbers(colour).slice(0, 3).map((n) => n / 255).map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if ((numbers(colour)[3] ?? 1) === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const dim = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === "" || element.closest("title,desc") !== null) continue;
    const style = getComputedStyle(element);
    const colours = [element.closest("svg") === null ? style.color : style.fill, behind(element)];
    const [low, high] = colours.map(luminance).sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) dim.push(node.data.slice(0, 40) + " has a contrast of " + ratio.toFixed(2) + ": " + colours.join(" on "));
  }
  return dim.slice(0, 5);
})()`;

/** On a narrow screen nobody has to scroll sideways, and nothing is cut off. */
const wideElements = `(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > root.clientWidth + 1);
  return ["it is " + root.scrollWidth + " wide on a screen of " + root.clientWidth + ": " + wide.slice(0, 5).map((each) => each.outerHTML.slice(0, 80)).join(" ")];
})()`;

const stops = "[...document.querySelectorAll('a[href],summary,input,button')].filter((each) => each.checkVisibility())";

/** Tab goes through everything in the order of the text, shows where it is, and Enter opens what is closed. */
async function focusOrder(page: BrowserPage): Promise<readonly string[]> {
  const count = await page.evaluate<number>(`${stops}.length`);
  const faults: string[] = [];
  for (let at = 0; at < Math.min(count, 12); at += 1) {
    await page.press("Tab");
    const found = await page.evaluate<number>(`${stops}.indexOf(document.activeElement)`);
    if (found !== at) faults.push(`Tab ${at + 1} went to number ${found + 1} of ${count}`);
    const outline = await page.evaluate<string>("getComputedStyle(document.activeElement).outlineStyle");
    if (outline === "none") faults.push(`nothing shows that number ${at + 1} has the focus`);
  }
  await page.evaluate("document.querySelector('details.target > summary').focus()");
  await page.press("Enter");
  const isOpen = await page.evaluate<boolean>("document.querySelector('details.target').open");
  return isOpen ? faults : [...faults, "Enter does not open a target"];
}
