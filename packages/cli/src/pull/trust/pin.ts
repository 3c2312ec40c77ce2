import { createCopy } from "@dtuf/copy";
import { hostChoice } from "../../connection/connection.ts";
import { describePlace, resolvePlace, splitHost, stateDirectory } from "../../connection/place.ts";
import { repositoriesRoot, withRepositoriesRoot } from "../../connection/repositories-root.ts";
import type { Run } from "../../context/command.ts";
import { UsageError } from "../../context/usage.ts";
import { describeEvent } from "../copy.ts";
import { confirmPin, pinChangeText } from "./confirm-pin.ts";
import { readPin } from "./pin-file.ts";
import { addStateOwner, createFindStateOwner, type FindStateOwner } from "../../connection/state-owner.ts";

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
  const place = resolvePlace(repo, { ...hostChoice(context), host: "oci:." });
  const root = repositoriesRoot(context);
  const copy = createCopy({
    source: { sites: [] },
    place: repo,
    directory: stateDirectory(root, place.repository, "copy"),
    now: io.now,
    state: "required",
    onEvent: (event) => terminal.note(describeEvent(event)),
  });
  const asked = { name: place.repository, directory: root.directory, place: describePlace(place) };
  const namesPlace = repo.startsWith("oci:") || splitHost(repo) !== undefined;
  const findOwner: FindStateOwner = namesPlace ? createFindStateOwner(copy, asked) : async () => undefined;
  const pinned = await withRepositoriesRoot(context, () =>
    confirmPin(context, findOwner, (replace) => copy.pin(requested.bytes, { replace })),
  ).catch(async (error: unknown) => {
    await addStateOwner(error, findOwner);
    throw error;
  });
  const { previousPin, ...pin } = pinned;
  if (previousPin !== undefined) terminal.note(pinChangeText(previousPin, pin));
  terminal.report(`pinned root version ${pin.version}, sha256 ${pin.fingerprint}`);
  if (terminal.format === "json") await terminal.printJson({ pin, previousPin });
};
