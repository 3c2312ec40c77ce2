import { resolve } from "node:path";
import { openSigningRequest } from "@dtuf/master";
import { writeFileAtomically } from "@dtuf/registry/files";
import type { Run } from "../context/command.ts";
import { readInput } from "../context/input-file.ts";
import { UsageError } from "../context/usage.ts";
import { openSigners } from "../signers/open-signers.ts";
import { expectedHash } from "./review-options.ts";
import { requestMaxBytes } from "./request-file.ts";
import { askToSign } from "./sign-question.ts";
import { reviewLines } from "./summary-report.ts";

/** Opens no connection and needs no state: what it shows comes from the file, which the hash covers. */
export const run: Run = async (context, [file = ""]) => {
  const { io, terminal } = context;
  if (file === "-") throw new UsageError("-: the signatures are written into the file, so it must be one");
  const bytes = await readInput(context, file, requestMaxBytes);
  const request = await openSigningRequest(bytes, { expectHash: expectedHash(context) });
  await askToSign(context, reviewLines(request.review));
  const { file: signedFile, ...signed } = await request.sign(await openSigners(context));
  await writeFileAtomically(resolve(io.cwd, file), signedFile);
  if (terminal.format === "json") await terminal.printJson(signed);
  const what = signed.added.length === 0 ? "nothing: all signatures are there" : signed.added.join(", ");
  terminal.report(`signed ${what} in ${file}: take it to a machine that is online`);
};
