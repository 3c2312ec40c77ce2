/** What every call of the updater takes and tells: a signal, a stall timeout, progress, typed errors, messages as data. */
import { join } from "node:path";
import {
  describeProblem,
  englishMessages,
  formatMessage,
  messageOfError,
  messageOfEvent,
  messageOfPassedOver,
  type Agent,
  type AgentCall,
  type MessageCatalogue,
} from "@dtuf/agent";
import { withLock } from "@dtuf/registry/files";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { TufError } from "@dtuf/tuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAgentScene, installNewest, stageNewest, type AgentScene } from "./scene.ts";

let scene: AgentScene;
beforeEach(async () => {
  scene = await createAgentScene();
  await scene.publish("1.0.0", Buffer.from("one"));
  await installNewest(scene.agent());
  await scene.publish("1.1.0", Buffer.alloc(300_000, "two"));
  scene.events.length = 0;
});
afterEach(() => scene[Symbol.asyncDispose]());

const calls: readonly [string, (agent: Agent, call: AgentCall) => Promise<unknown>][] = [
  ["check", (agent, call) => agent.check(call)],
  ["stage", async (agent, call) => agent.stage(await offered(agent), call)],
  ["apply", (agent, call) => agent.apply(call)],
  ["confirm", (agent, call) => agent.confirm(call)],
  ["revert", (agent, call) => agent.revert(call)],
  ["recover", (agent, call) => agent.recover(call)],
  ["update", (agent, call) => agent.update(call)],
  ["pending", (agent, call) => agent.pending(call)],
  ["inspect", (agent, call) => agent.inspect(call)],
  ["skip", (agent, call) => agent.skip("1.1.0", call)],
  ["postpone", (agent, call) => agent.postpone(new Date(0), call)],
  ["optOut", (agent, call) => agent.optOut(call)],
  ["optIn", (agent, call) => agent.optIn(call)],
];

async function offered(agent: Agent): Promise<Parameters<Agent["stage"]>[0]> {
  const { update } = await agent.check();
  if (update === undefined) throw new TypeError("there is no update");
  return update;
}

test("a signal ends a health check that runs at once, and the version waits for its confirmation", async () => {
  const agent = scene.agent();
  const stop = new AbortController();
  let isTold = false;
  const update = agent.update({
    signal: stop.signal,
    healthCheck({ signal }) {
      signal.addEventListener("abort", () => (isTold = true));
      setTimeout(() => stop.abort(new RangeError("not now")));
      return new Promise(() => undefined);
    },
  });
  await expect(update).rejects.toThrow("not now");
  expect(isTold).toBe(true);
  expect(await agent.pending()).toMatchObject({ pending: { version: "1.1.0", phase: "applied" }, reverted: [] });
  expect((await agent.recover()).installed?.version).toBe("1.1.0");
  expect(await agent.confirm()).toMatchObject({ installed: { version: "1.1.0" }, pending: undefined });
});

test.each(calls)("%s throws the reason of its signal, and changes nothing", async (_name, call) => {
  const before = await scene.agent().pending();
  const signal = AbortSignal.abort(new RangeError("not now"));
  await expect(call(scene.agent(), { signal })).rejects.toThrow("not now");
  expect(await scene.agent().pending()).toEqual(before);
  expect(await scene.installed()).toBe("one");
});

test.each(calls.filter(([name]) => !["pending", "inspect"].includes(name)))(
  "%s waits for another process no longer than its stall timeout",
  async (name, call) => {
    const agent = scene.agent();
    const update = await offered(agent);
    const release = Promise.withResolvers<void>();
    const held = withLock(join(scene.home, "agent", "agent.lock"), { wait: "fail" }, () => release.promise);
    // Before they wait, these ask the registry, which must not be the silence that ends them.
    const stallMs = ["check", "stage", "update"].includes(name) ? 2000 : 30;
    const work = name === "stage" ? agent.stage(update, { stallMs }) : call(agent, { stallMs });
    await expectRefused(work, "FILE_LOCKED");
    release.resolve();
    await held;
  },
);

test("a check of a source that is silent ends at its stall timeout, as a failure that may pass", async () => {
  const agent = scene.agent({ answer: () => new Promise<never>(() => undefined) as never });
  await expectRefused(agent.check({ stallMs: 30 }), "AGENT_STALLED", { retryable: true, security: false });
});

test.each(["download", "install"])(
  "a signal in the middle of a step (%s) leaves the installed version",
  async (step) => {
    const stop = new AbortController();
    const agent = scene.agent({
      onEvent: (event) => {
        if (event.kind === "progress" && event.step === step) stop.abort(new RangeError("not now"));
      },
    });
    await expect(agent.update({ signal: stop.signal })).rejects.toThrow("not now");
    expect(await scene.installed()).toBe("one");
    expect((await agent.pending()).pending?.phase).toBe(step === "install" ? "staged" : undefined);
    expect(await scene.agent().update({ healthCheck: () => true })).toEqual({ kind: "installed", version: "1.1.0" });
  },
);

test("a check that several ask for at the same time is made once, and one who leaves does not end it", async () => {
  const asked: string[] = [];
  const agent = scene.agent({ answer: ({ role }) => (asked.push(role), "serve") });
  const leaving = new AbortController();
  const first = agent.check({ signal: leaving.signal });
  const others = [agent.check(), agent.check()];
  leaving.abort(new RangeError("gone"));
  await expect(first).rejects.toThrow("gone");
  for (const { update } of await Promise.all(others)) expect(update?.release.version).toBe("1.1.0");
  expect(asked.filter((role) => role === "timestamp")).toHaveLength(1);
  await agent.check();
  expect(asked.filter((role) => role === "timestamp")).toHaveLength(2);
});

test("progress of a download and of an installation comes as events and as an iterable, up to the signed length", async () => {
  const agent = scene.agent();
  const stop = new AbortController();
  const watched = (async () => {
    const seen = [];
    for await (const event of agent.watch(stop.signal)) {
      if (event.kind === "progress") seen.push([event.step, event.bytes, event.totalBytes]);
      if (event.kind === "applied") stop.abort();
    }
    return seen;
  })();
  await stageNewest(agent);
  await agent.apply();
  const told = scene.events.filter((event) => event.kind === "progress");
  for (const step of ["download", "install"] as const) {
    const bytes = told.filter((event) => event.step === step).map((event) => event.bytes);
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
    expect(bytes.at(-1)).toBe(300_000);
  }
  expect(new Set(told.map(({ totalBytes }) => totalBytes))).toEqual(new Set([300_000]));
  expect(await watched).toContainEqual(["download", 300_000, 300_000]);
});

describe("errors", () => {
  test.each<[string, unknown, object]>([
    ["that may pass", Object.assign(new Error("x"), { code: "OCI_UNAVAILABLE" }), { retryable: true, security: false }],
    ["of verification", new TufError("TUF_THRESHOLD_NOT_MET", "x"), { retryable: false, security: true }],
    ["of bytes", new TufError("TUF_HASH_MISMATCH", "x"), { retryable: true, security: true }],
    [
      "of a patch",
      Object.assign(new Error("x"), { code: "DELTA_CHUNK_DIFFERS" }),
      { code: "TUF_HASH_MISMATCH", security: true },
    ],
    ["of a signal", new DOMException("x", "AbortError"), { code: "ABORTED", retryable: true, security: false }],
    ["of a time limit", new DOMException("x", "TimeoutError"), { code: "TIMED_OUT", retryable: true, security: false }],
    ["that nobody knows", new TypeError("x"), { code: "UNKNOWN", retryable: false }],
    ["that are none", "x", { code: "UNKNOWN", retryable: false }],
  ])("%s say whether to try again, and whether to warn", (_what, error, wanted) => {
    expect(describeProblem(error)).toMatchObject(wanted);
  });

  test("of verification are not wrapped, and nothing is installed", async () => {
    const agent = scene.agent({ target: () => Buffer.alloc(300_000, "bad") });
    const error: unknown = await agent.update().catch((reason: unknown) => reason);
    expect(describeProblem(error)).toMatchObject({ security: true });
    expect(await scene.installed()).toBe("one");
    expect((await agent.pending()).pending).toBe(undefined);
  });
});

describe("messages", () => {
  test("of every event of an update are filled with its parameters", async () => {
    const agent = scene.agent();
    await agent.update({ healthCheck: () => true });
    await agent.revert();
    const texts = new Set(scene.events.map((event) => formatMessage(messageOfEvent(event))));
    expect(texts).toContain("Version 1.1.0 is available.");
    expect(texts).toContain("Version 1.1.0: 300000 of 300000 bytes are downloaded.");
    expect(texts).toContain("Version 1.1.0 works.");
    expect(texts).toContain("Version 1.0.0 is installed again.");
    for (const text of texts) expect(text).not.toMatch(/[{}]|undefined/);
    const [passedOver] = (await agent.check()).passedOver;
    expect(passedOver && formatMessage(messageOfPassedOver(passedOver))).toBe(
      "Version 1.1.0 did not stay on this computer before.",
    );
  });

  test("are in the language of the catalogue that a program gives", () => {
    const german: MessageCatalogue = { ...englishMessages, "checked.update": "Version {version} ist da." };
    const event = { kind: "checked", version: "2.0.0" } as const;
    expect(formatMessage(messageOfEvent(event), german)).toBe("Version 2.0.0 ist da.");
  });

  test("of an error have its code, and each code has a text", () => {
    expect(messageOfError(new TufError("TUF_EXPIRED", "x"))).toEqual({ code: "TUF_EXPIRED", parameters: {} });
    expect(messageOfEvent({ kind: "failed", error: new TypeError("x") })).toEqual({ code: "UNKNOWN", parameters: {} });
    for (const text of Object.values(englishMessages)) expect(text).toMatch(/[.:}]$/);
  });
});
