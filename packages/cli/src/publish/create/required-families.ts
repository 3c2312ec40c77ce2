import type { KeyFamily } from "@dtuf/tuf";
import type { Context } from "../../context/command.ts";

const families: ReadonlyMap<string | undefined, KeyFamily> = new Map(
  (["ed25519", "ecdsa", "rsa", "ml-dsa"] as const).map((family) => [family, family]),
);

/** Of `--require-family`: none if it is not given. */
export function requiredFamilies({ values }: Context): readonly KeyFamily[] {
  const family = families.get(values.text("require-family"));
  return family === undefined ? [] : [family];
}
