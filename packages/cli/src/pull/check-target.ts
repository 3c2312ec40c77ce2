import { fileContent } from "@dtuf/registry";
import type { Run } from "../context/command.ts";
import { withInputFiles } from "../context/input-file.ts";
import { parseTargets, callOptions, withCopy } from "./copy.ts";

export const run: Run = (context, [repo = "", name = "", ...files]) =>
  withInputFiles(context, files, (paths) =>
    withCopy(context, repo, async (copy) => {
      const contents = paths.map((path) => fileContent(path));
      for (const path of parseTargets([name])) await copy.checkTarget(path, contents, callOptions(context));
    }),
  );
