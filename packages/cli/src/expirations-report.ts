import type { Context } from "./context/command.ts";
import { printRows } from "./context/text/columns.ts";
import { describeInstant } from "./context/time.ts";

const order = ["root", "targets", "snapshot", "timestamp"];

/** `role: 2026-11-22T10:00:00.000Z`, the four top-level roles first, in dtuf's order. */
export async function reportExpirations(context: Context, expirations: ReadonlyMap<string, Date>): Promise<void> {
  const { terminal } = context;
  const roles = [
    ...order.filter((role) => expirations.has(role)),
    ...[...expirations.keys()].filter((role) => !order.includes(role)),
  ];
  const rows = roles.flatMap((role) => {
    const expires = expirations.get(role);
    return expires === undefined ? [] : [[role, expires.toISOString()] as const];
  });
  if (terminal.format === "json") return terminal.printJson({ expirations: Object.fromEntries(rows) });
  const now = context.io.now();
  await printRows(
    context,
    rows.map(([role, expires]) => ({
      cells: [role, describeInstant(new Date(expires), now)],
      line: `${role}: ${expires}`,
    })),
  );
}
