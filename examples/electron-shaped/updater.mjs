/** The updater of a desktop app. It needs nothing of Electron, so it can be run without it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createAgent, formatMessage, messageOfError, messageOfEvent } from "@dtuf/agent";

/**
 * Versions of the app's pages are archives; each is unpacked into a directory of its own below `userData`.
 *
 * @param {{ repository: string, resources: string, userData: string, tell: (text: string) => void }} app
 */
export async function startUpdater({ repository, resources, userData, tell }) {
  const stop = new AbortController();
  const { signal } = stop;
  const agent = createAgent({
    copy: { repository, root: await readFile(join(resources, "root.json")) },
    directory: join(userData, "updates"),
    name: "desk",
    install: { kind: "archive", directory: join(userData, "versions") },
    onEvent: (event) => tell(formatMessage(messageOfEvent(event))),
  });
  // Ends what was cut off, and takes back a version that started again and again without `confirm`.
  const { installed, pending } = await agent.recover({ signal });
  let offered;
  /** What goes wrong is told in the user's words, and is no reason for the app to end. */
  const told = async (work) => work().catch((error) => tell(formatMessage(messageOfError(error))));
  return {
    /** Where the installed pages are; without any, those that the app came with. */
    pages: installed?.path ?? join(resources, "pages"),
    /** The version that can be installed. */
    check: () =>
      told(async () => {
        offered = (await agent.check({ signal, isAsked: true })).update;
        return offered?.release.version;
      }),
    /** True: start the app again. */
    install: () =>
      told(async () => {
        if (offered === undefined) return false;
        await agent.stage(offered, { signal, isAsked: true });
        await agent.apply({ signal, isAsked: true });
        return true;
      }),
    /** The pages were shown. */
    confirm: async () => pending?.phase === "applied" && void (await agent.confirm()),
    /** The pages could not be shown. True: those before are installed again. */
    revert: async () => pending?.phase === "applied" && (await agent.revert()) !== undefined,
    async close() {
      stop.abort();
      await agent.close();
    },
  };
}
