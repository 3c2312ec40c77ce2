import type { Run } from "../context/command.ts";
import { openHost } from "../connection/connection.ts";

export const run: Run = async (context) => {
  const { registry, kind } = await openHost(context);
  await context.terminal.printEach("repositories", registry.listRepositories({ signal: context.io.signal }));
  if (kind === "registry") await registry.close();
};
