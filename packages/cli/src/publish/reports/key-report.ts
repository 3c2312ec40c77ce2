import type { CreatedKey } from "@dtuf/master";
import type { Context } from "../../context/command.ts";

export async function reportKeys({ terminal }: Context, keys: readonly CreatedKey[]): Promise<void> {
  for (const { role, path, setAside } of keys) {
    terminal.report(`created the ${role} key ${path}`);
    if (setAside !== undefined) {
      const until =
        role === "root" ? "reset-keys signs with it, then it can go" : "it signs until reset-keys is published";
      terminal.note(`the ${role} key before it lies in ${setAside}; ${until}`);
    }
  }
  if (terminal.format === "json") await terminal.printJson({ keys });
}
