import type { CreatedKey, Master } from "@dtuf/master";
import type { Context } from "../../context/command.ts";

export async function reportKeys(context: Context, master: Master, keys: readonly CreatedKey[]): Promise<void> {
  await noteKeys(context, master, keys);
  if (context.terminal.format === "json") await context.terminal.printJson({ keys });
}

export async function noteKeys({ terminal }: Context, master: Master, keys: readonly CreatedKey[]): Promise<void> {
  for (const { role, path, setAside } of keys) {
    terminal.report(`created the ${role} key ${path}`);
    if (setAside !== undefined) {
      const until = (await hasMetadata(master))
        ? untilPublished(role)
        : "no root names it; the first publication removes it";
      terminal.note(`the ${role} key before it lies in ${setAside}; ${until}`);
    }
  }
}

function untilPublished(role: CreatedKey["role"]): string {
  return role === "root"
    ? "reset-keys signs with it, then it can go"
    : "it signs until a root that names the new one is published";
}

export function hasMetadata(master: Master): Promise<boolean> {
  return master.rootFile().then(
    () => true,
    () => false,
  );
}
