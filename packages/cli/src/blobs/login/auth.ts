import type { Run } from "../../context/command.ts";
import { hostChoice, openHost } from "../../connection/connection.ts";
import { resolvePlace } from "../../connection/place.ts";

/**
 * Prints a bearer token for the actions, or nothing if the registry needs no token. The token is a secret: its owner
 * can act as the user.
 */
export const run: Run = async (context, [repo = "", ...actions]) => {
  const place = resolvePlace(repo, hostChoice(context));
  if (place.kind === "layout") return context.terminal.printEach("tokens", []);
  const opened = await openHost(context, { kind: "registry", host: place.host });
  if (opened.kind !== "registry") return;
  const scope = { type: "repository", name: place.repository, actions } as const;
  const token = await opened.registry.token([scope], { signal: context.io.signal });
  await opened.registry.close();
  await context.terminal.printEach("tokens", token === undefined ? [] : [token]);
};
