import { join } from "node:path";
import { createTransport, type Transport } from "@dtuf/registry/http";
import { createRegistryClient } from "@dtuf/registry/remote";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { startHttpServer } from "@dtuf/testing/http-servers";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCopy, type Copy } from "../copy.ts";
import type { CopyEvent } from "../events.ts";
import { createHttpSource } from "../sources/http-source.ts";
import { createMirroredSource } from "../sources/mirrored-source.ts";
import type { MetadataRequest, Site, Source } from "../sources/source.ts";
import { createStoreSource } from "../sources/store-source.ts";
import { startDeadline, type Deadlines } from "./deadline.ts";

const home = useDirectory();
let sim: TufSimulator;
let transport: Transport;
let events: CopyEvent[];

/** Time passes only at a slow site, which says how much. */
const passMs = (ms: number): void => void vi.advanceTimersByTime(ms);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  events = [];
  transport = createTransport({});
  sim = await createTufSimulator();
  await sim.publishRelease();
});
afterEach(async () => {
  vi.useRealTimers();
  await transport.close();
});

function createTestCopy(source: Source, deadlines: Partial<Deadlines>): Copy {
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  const directory = join(home, "copy");
  return createCopy({ source, place: "x", directory, now, deadlines, onEvent: (event) => events.push(event) });
}

function pin(): { readonly kind: "root"; readonly bytes: Uint8Array } {
  return { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() };
}

/** Sends a byte every 20 ms and never ends the answer. */
async function startDrip(): ReturnType<typeof startHttpServer> {
  return startHttpServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write("x", () => passMs(20)), 1);
    response.on("close", () => clearInterval(timer));
  });
}

/** Never settles and ignores its signal. */
function createHangingSite(): Site {
  const never = (): Promise<undefined> => (passMs(short.fileMs), new Promise(() => undefined));
  return { name: "slow", openView: () => ({ findMetadata: never }), openPart: never, parts: () => [] };
}

/** Sends every metadata file within its deadline, and always has another root. */
function createEndlessSite(): Site {
  const findMetadata = async ({ version = 1 }: MetadataRequest): Promise<Uint8Array | undefined> => {
    passMs(20);
    sim.root.version = version;
    return sim.publishRoot();
  };
  const none = (): Promise<undefined> => Promise.resolve(undefined);
  return { name: "slow", openView: () => ({ findMetadata }), openPart: none, parts: () => [] };
}

const short = { fileMs: 400, bytesPerSecond: 1024 * 1024 };

/** Expects that the honest mirror answers and that the state comes from it. */
async function expectPassedOver(source: Source, deadlines: Partial<Deadlines> = short): Promise<void> {
  const honest = createSimulatorSource(sim, { name: "honest" });
  const copy = createTestCopy(createMirroredSource([source, honest]), deadlines);
  expect(await copy.pullMetadata({ pin: pin() })).toMatchObject({ status: "fresh", site: "honest" });
  expect(events).toEqual([
    { kind: "site-skipped", site: "slow", error: expect.objectContaining({ code: "COPY_TOO_SLOW" }) as unknown },
  ]);
}

describe("a site that is slower with metadata than its deadline is skipped", () => {
  test("a plain repository that sends slowly [T22]", async () => {
    await using drip = await startDrip();
    await expectPassedOver(createHttpSource({ metadataUrl: drip.url("/metadata/"), transport, name: "slow" }));
  });

  test("a registry that sends slowly [T22]", async () => {
    await using drip = await startDrip();
    const client = createRegistryClient({ registry: `127.0.0.1:${drip.port}`, scheme: "http", transport });
    await expectPassedOver(createStoreSource(client.repository("fred/demo"), { name: "slow" }));
  });

  test("a source that never settles and ignores its signal", () => expectPassedOver({ sites: [createHangingSite()] }));

  test("a chain of roots in which every file is in time, by the deadline of the refresh", () =>
    expectPassedOver({ sites: [createEndlessSite()] }, { fileMs: 60_000, refreshMs: 2000 }));

  test("without another site, the call fails and nothing is saved", async () => {
    const copy = createTestCopy({ sites: [createHangingSite()] }, short);
    await copy.pin(pin().bytes);
    await expectRefused(copy.pullMetadata(), "COPY_TOO_SLOW");
    await expectRefused(copy.pullMetadata({ mode: "offline" }), "COPY_OFFLINE_NOTHING_CACHED");
  });
});

describe("a deadline", () => {
  test("is extended by bytes that arrive", async () => {
    const limits = { what: "x", limitMs: 1, bytesPerSecond: 1 };
    const [fed, hungry] = [startDeadline(limits), startDeadline(limits)];
    fed.onBytes(3600);
    passMs(20);
    expect(hungry.signal.reason).toMatchObject({ code: "COPY_TOO_SLOW", details: { what: "x", received: 0 } });
    expect(fed.signal.aborted).toBe(false);
    fed.end();
  });

  test("aborts with the reason of the caller's signal", () => {
    const controller = new AbortController();
    const deadline = startDeadline({ what: "x", limitMs: 60_000, signal: controller.signal });
    controller.abort("by the caller");
    expect(deadline.signal.reason).toBe("by the caller");
    deadline.end();
  });
});
