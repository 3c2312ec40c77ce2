import type { RoleKey, RoleKeys } from "@dtuf/master";
import type { Context, Run } from "../context/command.ts";
import { printFacts } from "../context/text/columns.ts";
import { lookAtMaster } from "../publish/master/master.ts";
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

async function printRole(context: Context, role: LocatedRole): Promise<void> {
  const { io, terminal } = context;
  await printFacts(context, [{ label: role.role, shown: thresholdText(role) }]);
  const isPipe = io.stdout.terminal === "pipe";
  for (const { keyId, owner, scheme, uri, privateKey, staged } of role.keys) {
    const parts = [
      scheme,
      ...(owner === undefined ? [] : [`owner ${owner}`]),
      ...(uri === undefined ? [] : [`signer ${uri}`]),
      privateKey === undefined ? "private key not here" : `private key ${privateKey}`,
      ...(staged === undefined ? [] : [`staged: ${staged}`]),
    ];
    if (isPipe) await terminal.printName(`  ${[keyId, ...parts].join("  ")}`);
    // Eight digits name a key for other commands.
    else await printFacts(context, [{ label: `  ${keyId.slice(0, 8)}`, shown: parts.join(", ") }]);
  }
}

function thresholdText({ threshold, stagedThreshold, keys }: LocatedRole): string {
  const [before, after] = (["add", "remove"] as const).map((not) => keys.filter(({ staged }) => staged !== not).length);
  const isChanged = stagedThreshold !== undefined || keys.some(({ staged }) => staged !== undefined);
  const staged = isChanged ? `; staged: ${stagedThreshold ?? threshold} of ${after}` : "";
  return `${threshold} of ${before} keys must sign${staged}`;
}
