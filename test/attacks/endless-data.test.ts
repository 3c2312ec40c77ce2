import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ServerResponse } from "node:http";
import { createHttpSource, type Source } from "@dtuf/copy";
import { createTransport, type Transport } from "@dtuf/registry/http";
import { startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createVictim, now, outcome } from "./victim.ts";

let sim: TufSimulator;
let transport: Transport;

beforeEach(async () => {
  sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("as published"));
  await sim.publishRelease();
  transport = createTestTransport();
});
afterEach(() => transport.close());

function createTestTransport(stallTimeoutMs?: number): Transport {
  return createTransport({
    now: () => now,
    random: () => 0,
    plainHttp: () => "allow",
    retry: { maxAttempts: 1 },
    stallTimeoutMs,
  });
}

type Answer = (response: ServerResponse, bytes: Uint8Array) => void;

/** The simulator's files over HTTP; the one of this name is answered as the attacker likes. */
function serve(attacked: string, attack: Answer): Promise<HttpLoopbackServer> {
  return startHttpServer(({ url = "" }, response) => {
    const name = url.split("/").at(-1) ?? "";
    const bytes = url.startsWith("/metadata/")
      ? sim.files.get(name)
      : sim.targetFiles.get(name.replace(/^[^.]*\./, ""));
    if (name.endsWith(attacked)) attack(response, bytes ?? new Uint8Array());
    else if (bytes === undefined) response.writeHead(404).end();
    else response.end(bytes);
  });
}

function source(server: HttpLoopbackServer): Source {
  return createHttpSource({ metadataUrl: server.url("/metadata/"), transport });
}

/** As much as is taken, and then more. */
const endless: Answer = (response, bytes) => {
  response.write(bytes);
  const more = Buffer.alloc(65_536, " ");
  const pour = (): void => {
    while (!response.destroyed && response.write(more));
  };
  response.on("drain", pour);
  pour();
};

describe("data without end", () => {
  test.each(["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"])(
    "an endless %s is left at its bound, and nothing of it is kept [T22]",
    async (file) => {
      await using server = await serve(file, endless);
      await using victim = await createVictim(sim);
      expect(await outcome(victim.copy(source(server)).pullMetadata())).toBe("OCI_LIMIT_EXCEEDED");
      const role = file.split(".").at(-2) ?? "";
      expect((await victim.trusted()).filter((name) => name.endsWith(role))).toEqual(role === "root" ? ["1.root"] : []);
    },
  );

  test("a target that goes on after its signed length is left there, and no file has it [T82]", async () => {
    await using server = await serve("a.txt", endless);
    await using victim = await createVictim(sim);
    const copy = victim.copy(source(server));
    const target = await copy.findTarget(parseTargetPath("a.txt"));
    if (target === undefined) throw new TypeError("not found");
    expect(await outcome(copy.saveTarget(target, join(victim.home, "saved")))).toBe("TUF_LENGTH_MISMATCH");
    expect(await readdir(victim.home)).toEqual(["copy"]);
  });

  test("a server that falls silent in the middle of the timestamp is left, and named", async () => {
    transport = createTestTransport(300);
    await using server = await serve("timestamp.json", (response, bytes) => response.write(bytes.subarray(0, 10)));
    await using victim = await createVictim(sim);
    expect(await outcome(victim.copy(source(server)).pullMetadata())).toBe("OCI_UNAVAILABLE");
    expect(await victim.trusted()).toEqual(["1.root"]);
  });

  test("a server that drips a byte at a time is given up as a silent one is", async () => {
    const drip: Answer = (response) => {
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
    };
    transport = createTestTransport(300);
    await using server = await serve("timestamp.json", drip);
    await using victim = await createVictim(sim);
    const pull = victim.copy(source(server)).pullMetadata();
    await expectRefused(pull, "OCI_UNAVAILABLE", { details: { failure: "STALLED" } });
    expect(await victim.trusted()).toEqual(["1.root"]);
  });
});
