/** A source that remembers what it was asked, what it answered, and how long that took by the given clock. */
import type { MetadataView, Site, Source } from "@dtuf/copy";
import { askedMax } from "./limits.ts";
import type { Asked, Listing } from "./report.ts";

export interface Notebook {
  /** Runs the question. */
  readonly ask: <T>(what: string, question: () => Promise<T>, describe: (answer: T) => Answer) => Promise<T>;
  list(): Listing<Asked>;
}

export type Answer = Pick<Asked, "answer" | "state">;

export function createNotebook(now: () => Date): Notebook {
  const shown: Asked[] = [];
  let more = 0;
  const note = (asked: Asked): void => {
    if (shown.length < askedMax) shown.push(asked);
    else more += 1;
  };
  return {
    async ask(what, question, describe) {
      const begin = now().getTime();
      const took = (): number => Math.max(0, now().getTime() - begin);
      try {
        const answer = await question();
        note({ what, ...describe(answer), ms: took() });
        return answer;
      } catch (error) {
        note({ what, answer: codeOf(error), state: "failed", ms: took() });
        throw error;
      }
    },
    list: () => ({ shown: [...shown], more }),
  };
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.name : "error";
}

export function observeSource(source: Source, notebook: Notebook): Source {
  return { sites: source.sites.map((site) => observeSite(site, notebook)) };
}

function observeSite(site: Site, notebook: Notebook): Site {
  return { ...site, openView: () => observeView(site.openView(), notebook) };
}

function observeView(view: MetadataView, notebook: Notebook): MetadataView {
  const { ask } = notebook;
  return {
    ...view,
    findMetadata: (request) => {
      const { role, version } = request;
      const what = version === undefined ? role : `${role}, version ${version}`;
      return ask(what, () => view.findMetadata(request), describeBytes);
    },
    ...(view.findRevision !== undefined && {
      findRevision: (options) => ask("newest release", async () => view.findRevision?.(options), described),
    }),
    ...(view.findOldestRoot !== undefined && {
      findOldestRoot: (options) =>
        ask(
          "oldest root",
          async () => view.findOldestRoot?.(options),
          (found) => described(found === undefined ? undefined : `version ${found}`),
        ),
    }),
  };
}

function describeBytes(bytes: Uint8Array | undefined): Answer {
  return described(bytes === undefined ? undefined : `${bytes.length} bytes`);
}

export function described(answer: string | undefined): Answer {
  return answer === undefined ? { answer: "not there", state: "absent" } : { answer, state: "answered" };
}
