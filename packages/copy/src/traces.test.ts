import { tracingChannel } from "node:diagnostics_channel";
import { afterEach, expect, test } from "vitest";
import { tracedRefresh, type RefreshTold } from "./traces.ts";

const channel = tracingChannel("dtuf:copy:refresh");
const told: string[] = [];
const subscriber = { start: (message: unknown) => void told.push((message as RefreshTold).place) };
afterEach(() => channel.start.unsubscribe(subscriber.start));

test.each([
  ["https://user:secret@h.example/x/metadata?sig=secret", "https://h.example/x/metadata"],
  ["HTTPS://user:secret@h.example/x?sig=secret", "https://h.example/x"],
  [" https://user:secret@h.example/x", "https://h.example/x"],
  ["https://user:secret@h.example:99999/x", "https://…"],
  ["https:/user:secret@h.example/x?sig=secret", "https://h.example/x"],
  ["https:user:secret@h.example/x?sig=secret", "https://h.example/x"],
  ["https:user:secret@h.example:99999/x?sig=secret", "https:…@h.example:99999/x?…"],
  ["https:\\\\user:secret@h.example\\x", "https://h.example/x"],
  ["ht\ntps://user:secret@h.example/x", "https://h.example/x"],
  ["\u0001https://user:secret@h.example/x", "https://h.example/x"],
  ["docker://user:secret@h.example/x", "docker://h.example/x"],
  ["user:secret@h.example/x", "…@h.example/x"],
  ["//user:secret@h.example/x", "…@h.example/x"],
  ["a mirror of https://user:secret@h.example/x", "…@h.example/x"],
  ["localhost:5000/fred/demo", "localhost:5000/fred/demo"],
  ["registry.example.com/fred/demo", "registry.example.com/fred/demo"],
  ["oci:/srv/layout", "oci:/srv/layout"],
])("a refresh of %j is told as one of %j, without what may be a secret", async (place, shown) => {
  channel.start.subscribe(subscriber.start);
  const result = { status: "unchanged", versions: new Map() } as never;
  await tracedRefresh({ place }, {}, async () => result);
  expect(told.at(-1)).toBe(shown);
});
