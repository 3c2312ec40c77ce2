import type { CreatedKey } from "@dtuf/master";
import type { Context } from "../../context/command.ts";

export async function reportKeys(context: Context, keys: readonly CreatedKey[]): Promise<void> {
  noteKeys(context, keys);
  if (context.terminal.format === "json") await context.terminal.printJson({ keys });
}

export function noteKeys({ terminal }: Context, keys: readonly CreatedKey[]): void {
  for (const { role, path, setAside } of keys) {
    terminal.report(`created the ${role} key ${path}`);
    if (setAside !== undefined) {
      const until =
        role === "root"
          ? "reset-keys signs with it, then it can go"
          : "it signs until a root that names the new one is published";
      terminal.note(`the ${role} key before it lies in ${setAside}; ${until}`);
    }
  }
}
