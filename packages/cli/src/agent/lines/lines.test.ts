import { describe, expect, test } from "vitest";
import { encodeCheck, encodeError, encodeLine, eventLine, lineMaxBytes } from "./encode-line.ts";
import { parseCommandLine } from "./parse-command.ts";
import { readLines } from "./read-lines.ts";

async function read(chunks: readonly (string | Uint8Array)[], maxBytes = 10): Promise<readonly string[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  }
  const lines: string[] = [];
  for await (const line of readLines(stream(), maxBytes)) lines.push(line.kind === "line" ? line.text : line.kind);
  return lines;
}

describe("lines", () => {
  test.each<[string, readonly (string | Uint8Array)[], readonly string[]]>([
    ["in one chunk", ["a\nb\n"], ["a", "b"]],
    ["cut anywhere", ["a", "b\nc", "d", "\n"], ["ab", "cd"]],
    ["with a last one that has no end", ["a\nb"], ["a", "b"]],
    ["with Windows' ends, and empty ones", ["a\r\n\r\n\n b \n"], ["a", "b"]],
    ["of the longest kind", ["0123456789\n"], ["0123456789"]],
    ["too long, and the next one is read", ["0123456789a\nb\n"], ["too-long", "b"]],
    ["too long over many chunks", ["0123", "4567", "89ab", "cdef", "\nb"], ["too-long", "b"]],
    ["with a character cut in two", [new Uint8Array([0xc3]), new Uint8Array([0xbc, 0x0a])], ["ü"]],
    ["that are not UTF-8", [new Uint8Array([0xff, 0x0a]), "b"], ["not-utf8", "b"]],
  ])("%s", async (_what, chunks, lines) => {
    expect(await read(chunks)).toEqual(lines);
  });
});

/** `code id`, or the command. */
function parsed(text: string): string {
  const line = parseCommandLine(text);
  if (!("error" in line)) return `${line.command.name} ${JSON.stringify(line.id)}`;
  const { code, message, hint } = line.error;
  return `${code} ${JSON.stringify(line.id)} ${message}${hint === undefined ? "" : ` | ${hint}`}`;
}

describe("a command", () => {
  test("has an id and its members", () => {
    expect(parsed('{"id":7,"command":"check","asked":true}')).toBe("check 7");
    expect(parseCommandLine('{"id":"a","command":"postpone","until":"2030-01-02T03:04:05Z"}')).toMatchObject({
      command: { until: new Date("2030-01-02T03:04:05Z") },
    });
  });

  test.each<[string, string]>([
    ["hello", "AGENT_COMMAND_INVALID null the line is not JSON"],
    ["[1]", "AGENT_COMMAND_INVALID null the line is not a JSON object"],
    ["null", "AGENT_COMMAND_INVALID null the line is not a JSON object"],
    ['{"command":"check"}', "AGENT_COMMAND_INVALID null id: wanted "],
    ['{"id":1.5,"command":"check"}', "AGENT_COMMAND_INVALID null id: wanted "],
    [`{"id":"${"x".repeat(65)}","command":"check"}`, "AGENT_COMMAND_INVALID null id: wanted "],
    ['{"id":1}', "AGENT_COMMAND_INVALID 1 command: wanted the name of a command"],
    ['{"id":1,"command":"aply"}', 'AGENT_COMMAND_UNKNOWN 1 there is no command "aply" | did you mean "apply"?'],
    ['{"id":1,"command":"constructor"}', 'AGENT_COMMAND_UNKNOWN 1 there is no command "constructor"'],
    [
      '{"id":1,"command":"check","askd":true}',
      'AGENT_COMMAND_INVALID 1 check does not take "askd" | did you mean "asked"?',
    ],
    ['{"id":1,"command":"check","__proto__":1}', 'AGENT_COMMAND_INVALID 1 check does not take "__proto__"'],
    ['{"id":1,"command":"check","asked":"yes"}', "AGENT_COMMAND_INVALID 1 asked: wanted true or false"],
    ['{"id":1,"command":"skip"}', "AGENT_COMMAND_INVALID 1 skip needs version"],
    ['{"id":1,"command":"skip","version":"v1"}', "AGENT_COMMAND_INVALID 1 version: wanted semantic versioning"],
    ['{"id":1,"command":"postpone","until":"tomorrow"}', "AGENT_COMMAND_INVALID 1 until: wanted an instant"],
    [
      '{"id":1,"command":"postpone","until":"2030-99-02T03:04:05Z"}',
      "AGENT_COMMAND_INVALID 1 until: wanted an instant",
    ],
    ["[".repeat(60_000), "AGENT_COMMAND_INVALID null the line is not JSON"],
  ])("that is %s is answered with a typed error", (text, answer) => {
    expect(parsed(text)).toContain(answer);
  });
});

describe("no line is longer than is said, whatever the publisher and the registry wrote:", () => {
  const at = new Date("2030-01-01T00:00:00Z");
  const hostile = "\u202e".repeat(8192);
  const sha256 = "0".repeat(64);
  const release = {
    ...{ name: "app", version: `1.0.0-${"9".repeat(240)}`, channel: "c".repeat(64), platform: undefined, rollout: 1 },
    ...{ seed: "", published: at, critical: false, minimum: undefined, notes: hostile, supportUntil: at },
    ...{ revoked: false, rollback: undefined, sha256, isSignedOffline: true },
  };

  test("the notes of a release, and a thousand releases that are passed over", () => {
    const passedOver = Array.from({ length: 1000 }, () => ({ version: release.version, reason: "rollout" as const }));
    const target = { length: 1 } as never;
    const update = { release, kind: "upgrade" as const, target };
    const result = { update, held: undefined, passedOver, installedRelease: undefined };
    const line = encodeLine({ type: "answer", id: "x".repeat(64), ok: true, result: encodeCheck(result) });
    expect(line).toContain(String.raw`\u202e`);
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(lineMaxBytes);
  });

  test("an error with long words and many parameters", () => {
    const details = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`d${index}`, hostile]));
    const error = Object.assign(new TypeError(hostile.repeat(10)), { details });
    const line = encodeLine({ type: "answer", id: 1, ok: false, error: encodeError(error) });
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(lineMaxBytes);
    const event = encodeLine(eventLine({ kind: "release-skipped", path: hostile, error }, at));
    expect(Buffer.byteLength(event)).toBeLessThanOrEqual(lineMaxBytes);
    expect(event).toMatch(/^\{"type":"event","event":"release-skipped","at":"2030-01-01T00:00:00.000Z","path":/);
  });
});
