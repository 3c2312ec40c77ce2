import { createCopy } from "@dtuf/copy";
import { hostChoice } from "../connection/connection.ts";
import { resolvePlace, stateDirectory } from "../connection/place.ts";
import { repositoriesRoot, withRepositoriesRoot } from "../connection/repositories-root.ts";
import type { Run } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";
import { describeEvent } from "./copy.ts";
import { confirmPin } from "./confirm-pin.ts";
import { readPin } from "./pin-file.ts";

/** Asks nobody: `<repo>` only names the state, and no registry is needed. */
export const run: Run = async (context, [repo = "", file = ""]) => {
  const { io, terminal } = context;
  const requested = await readPin(context, [file]);
  if (requested?.kind !== "root") {
    throw new UsageError(
      "keys choose a root among those that the registry shows; pin takes a root.json",
      `${context.program} pull-metadata ${repo} ${file}`,
    );
  }
  const { repository } = resolvePlace(repo, { ...hostChoice(context), host: "oci:." });
  const copy = createCopy({
    source: { sites: [] },
    place: repo,
    directory: stateDirectory(repositoriesRoot(context), repository, "copy"),
    now: io.now,
    state: "required",
    onEvent: (event) => terminal.note(describeEvent(event)),
  });
  const pin = await withRepositoriesRoot(context, () =>
    confirmPin(context, (replace) => copy.pin(requested.bytes, { replace })),
  );
  terminal.report(`pinned root version ${pin.version}, sha256 ${pin.fingerprint}`);
  if (terminal.format === "json") await terminal.printJson({ pin });
};
