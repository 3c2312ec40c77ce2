import { resolve } from "node:path";
import { keyFromPem, type Key } from "@dtuf/tuf";
import type { Context, Run } from "../context/command.ts";
import { grammars } from "../context/grammar/grammar.ts";
import { readInput } from "../context/input-file.ts";
import { keyFileMaxBytes } from "../publish/roles/delegated-role.ts";
import { withMaster } from "../publish/master/master.ts";
import { reportStaged } from "../publish/reports/staged-report.ts";
import { openSignerUri } from "../signers/open-signers.ts";
import { rememberSigner } from "../signers/signer-book.ts";

/** These mean the same on every machine, so the metadata names them too (`x-tuf-on-ci-online-uri`). */
const shared = /^(?:awskms|gcpkms|azurekms|hv):/;

export const run: Run = async (context, [repo = "", role = "", named = ""]) => {
  const { io, terminal, values } = context;
  const isUri = grammars.signer.test(named);
  const key = isUri ? (await openSignerUri(context, named)).key : await readPublicKey(context, named);
  const owner = values.text("owner") ?? "";
  const uri = isUri && shared.test(named) ? named : undefined;
  await withMaster(context, repo, async (master) => {
    const keyId = await master.addKey(role, key, { owner: owner === "" ? undefined : owner, uri, signal: io.signal });
    if (isUri)
      terminal.report(
        `${(await rememberSigner(context, { uri: absolute(context, named), key }, "replace")).path} remembers that ${named} signs as ${keyId}`,
      );
    await reportStaged(context, repo, {
      what: `staged the key ${keyId} of ${role}`,
      master,
      keysOf: role,
    });
    if (terminal.format === "json") await terminal.printJson({ role, keyId });
  });
};

/** A file is found from any directory. */
function absolute({ io }: Context, uri: string): string {
  const [, scheme, path] = /^(file2?:)(.+)$/s.exec(uri) ?? [];
  return scheme === undefined || path === undefined ? uri : `${scheme}${resolve(io.cwd, path)}`;
}

async function readPublicKey(context: Context, file: string): Promise<Key> {
  return keyFromPem(Buffer.from(await readInput(context, file, keyFileMaxBytes)).toString("utf8"));
}
