import type { DueRole, RecordStatus } from "@dtuf/master";
import { isTopLevelRole } from "@dtuf/tuf";
import type { Context } from "../../context/command.ts";
import { describeInstant } from "../../context/time.ts";

/** Every role has its own key, and so its own command that renews it. */
function mendOf(role: string): "reset-keys" | "push-metadata" | "refresh-metadata" | "update-role" {
  if (!isTopLevelRole(role)) return "update-role";
  if (role === "root") return "reset-keys";
  return role === "timestamp" ? "refresh-metadata" : "push-metadata";
}

/** Snapshot and timestamp are never proposed. */
export function renewalOf(role: string, command: (name: string) => string = (name) => name): string {
  const isProposed = role !== "snapshot" && role !== "timestamp";
  return `${command(mendOf(role))} renews it${isProposed ? `, or ${command("propose")} if others sign it` : ""}`;
}

/** Roles that a publication did not renew. */
export function noteDue({ io, terminal }: Context, due: readonly DueRole[]): void {
  for (const { role, expires, state } of due) {
    const verb = state === "expired" ? "expired" : "expires";
    terminal.note(`${role} ${verb} at ${describeInstant(expires, io.now())} and was not renewed: ${renewalOf(role)}`);
  }
}

export const mendOfRecord = "push-metadata with --record-out, where targets are pushed, makes a newer one";

export function noteRecord({ io, terminal }: Context, { until, state }: RecordStatus): void {
  if (state === "good") return;
  terminal.note(`the record is good until ${describeInstant(until, io.now())}: ${mendOfRecord}`);
}
