import type { RoleKey, RoleKeys } from "@dtuf/master";
import type { Context, Run } from "../context/command.ts";
import { lookAtMaster } from "../publish/master.ts";
import { readSignerBook, type SignerBook } from "../signers/signer-book.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtMaster(context, repo, async (master) => {
    const book = await readSignerBook(context);
    const listed = await master.listRoleKeys({ signal: context.io.signal });
    const roles = listed.map((role) => ({ ...role, keys: role.keys.map((key) => located(key, book)) }));
    if (context.terminal.format === "json") return context.terminal.printJson({ roles });
    for (const role of roles) await printRole(context, role);
  });

/** With the path of the file, or the URI of the signer that this person uses. */
function located(key: RoleKey, book: SignerBook): LocatedKey {
  const { privateKey: place } = key;
  if (place === undefined) return { ...key, privateKey: undefined };
  return { ...key, privateKey: place.kind === "file" ? place.path : (book.get(place.keyId)?.uri ?? "--signer") };
}

type LocatedKey = Omit<RoleKey, "privateKey"> & { readonly privateKey: string | undefined };

interface LocatedRole extends Omit<RoleKeys, "keys"> {
  readonly keys: readonly LocatedKey[];
}

async function printRole(
  { terminal }: Context,
  { role, threshold, stagedThreshold, keys }: LocatedRole,
): Promise<void> {
  const [before, after] = (["add", "remove"] as const).map((not) => keys.filter(({ staged }) => staged !== not).length);
  const isChanged = stagedThreshold !== undefined || keys.some(({ staged }) => staged !== undefined);
  const staged = isChanged ? `; staged: ${stagedThreshold ?? threshold} of ${after}` : "";
  await terminal.printName(`${role}: ${threshold} of ${before} keys must sign${staged}`);
  for (const { keyId, owner, scheme, uri, privateKey, staged: change } of keys) {
    const parts = [
      keyId,
      scheme,
      ...(owner === undefined ? [] : [`owner ${owner}`]),
      ...(uri === undefined ? [] : [`signer ${uri}`]),
      privateKey === undefined ? "private key not here" : `private key ${privateKey}`,
      ...(change === undefined ? [] : [`staged: ${change}`]),
    ];
    await terminal.printName(`  ${parts.join("  ")}`);
  }
}
