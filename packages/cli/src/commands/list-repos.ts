import type { Run } from "../command.ts";
import { openHost } from "../connection.ts";

export const run: Run = async (context) => {
  const { registry, kind } = await openHost(context);
  const repositories: string[] = [];
  for await (const name of registry.listRepositories({ signal: context.io.signal })) {
    if (context.terminal.format === "json") repositories.push(name);
    else await context.terminal.printName(name);
  }
  if (context.terminal.format === "json") await context.terminal.printJson({ repositories });
  if (kind === "registry") await registry.close();
};
