/** What a package offers says what it guarantees, in a comment that an editor shows and the API reference prints. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { expect, test } from "vitest";
import { readPackages, root } from "./sources.ts";

interface Offered {
  readonly name: string;
  readonly file: string;
}

const entries = readPackages()
  .filter(({ manifest }) => manifest.name !== "@dtuf/testing")
  .flatMap(({ folder, manifest }) =>
    Object.values(manifest.exports).map((target) =>
      join("packages", folder, (target as Readonly<Record<string, string>>)["@dtuf/source"] ?? ""),
    ),
  );

/** Names that an entry exports again from another file, one level down. */
function offeredBy(entry: string): readonly Offered[] {
  const text = readFileSync(join(root, entry), "utf8");
  return [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "(\.[^"]+)";/gm)].flatMap(([, names = "", from = ""]) =>
    names
      .split(",")
      .map((name) =>
        name
          .trim()
          .replace(/^type /, "")
          .replace(/ as .*$/, ""),
      )
      .filter((name) => name !== "")
      .map((name) => ({ name, file: join(dirname(entry), from) })),
  );
}

test("every exported function has a doc comment", () => {
  const bare = entries.flatMap(offeredBy).filter(({ name, file }) => {
    const text = readFileSync(join(root, file), "utf8");
    const declaration = new RegExp(`(?<doc>\\*/\\n)?export (?:async )?function\\*? ${name}\\b`).exec(text);
    return declaration !== null && declaration.groups?.["doc"] === undefined;
  });
  expect(bare.map(({ name, file }) => `${file}: ${name}`)).toEqual([]);
});
