import type { PushMetadataOptions } from "@dtuf/master";
import type { Context } from "../../context/command.ts";
import { expectedSnapshot } from "./expected-snapshot.ts";
import { recordOptions } from "./push-record.ts";

/** What `pushSettings` say. @throws UsageError */
export function pushOptions(context: Context): PushMetadataOptions {
  const { io, values } = context;
  const recorded = values.text("base") === "recorded" ? "recorded" : "published";
  return {
    signal: io.signal,
    expectSnapshot: expectedSnapshot(values),
    base: values.on("replace-repository") ? "replace" : recorded,
    clock: values.on("trust-clock") ? "trusted" : "checked",
    record: recordOptions(context),
  };
}
