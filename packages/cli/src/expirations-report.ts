import type { Context } from "./context/command.ts";

const order = ["root", "targets", "snapshot", "timestamp"];

/** `role: 2026-11-22T10:00:00.000Z`, the four top-level roles first, in dtuf's order. */
export async function reportExpirations({ terminal }: Context, expirations: ReadonlyMap<string, Date>): Promise<void> {
  const roles = [
    ...order.filter((role) => expirations.has(role)),
    ...[...expirations.keys()].filter((role) => !order.includes(role)),
  ];
  const rows = roles.flatMap((role) => {
    const expires = expirations.get(role);
    return expires === undefined ? [] : [[role, expires.toISOString()] as const];
  });
  if (terminal.format === "json") return terminal.printJson({ expirations: Object.fromEntries(rows) });
  for (const [role, expires] of rows) await terminal.printName(`${role}: ${expires}`);
}
