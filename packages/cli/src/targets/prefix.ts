import type { Values } from "../context/settings/values.ts";

/** What the names of targets begin with, the `/` included; empty if nothing is asked. */
export function readPrefix(values: Values): string {
  return (values.text("prefix") ?? "").replace(/(?<=[^/])\/*$/, "/");
}
