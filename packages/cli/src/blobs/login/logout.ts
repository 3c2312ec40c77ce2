import { eraseCredential } from "@dtuf/registry/remote";
import type { Run } from "../../context/command.ts";
import { configPath, findCredentialPlace, loginHost } from "./credential-place.ts";

/** What the helper or keychain holds, and what the file may hold beside it. */
export const run: Run = async (context, [named]) => {
  const host = loginHost(context, named);
  const place = await findCredentialPlace(context, host);
  if (place !== undefined) await eraseCredential(place, host);
  await eraseCredential({ kind: "plain-text", path: await configPath(context) }, host);
  context.terminal.report(`logged out of ${host}`);
};
