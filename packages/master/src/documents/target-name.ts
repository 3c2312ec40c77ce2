/**
 * Which names a publisher gives to targets. TUF takes almost any; these are refused because somewhere down the line they
 * would be taken for something else:
 *
 *   `root.json`, `7.snapshot.json`, …   the metadata files of a plain TUF directory, into which a repository can be copied
 *   `<64 hex digits>.…`                 the names that consistent snapshots give to targets in such a directory
 *   `/a`, `a//b`, `./a`, `a/../b`, `a/` no client could save them under their own name
 *   control characters, `\`             they lie on a terminal, and on Windows
 *
 * dtuf also refused every name that merely ends like a metadata file (`myroot.json`), and `/`: those are fine here.
 */
import { parseJson, parseTargetPath, type JsonObject, type TargetPath } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";

/** @throws MasterError MASTER_TARGET_RESERVED; TufError TUF_NAME_INVALID */
export function parseTargetName(name: string): TargetPath {
  const path = parseTargetPath(name);
  const why = whyRefused(name);
  if (why === undefined) return path;
  throw new MasterError("MASTER_TARGET_RESERVED", `${JSON.stringify(name)} cannot be a target's name: ${why}`, {
    details: { name, why },
  });
}

function whyRefused(name: string): string | undefined {
  if (/^(?:[0-9]+\.)?(?:root|snapshot|targets|timestamp)\.json$/.test(name)) return "it is the name of a metadata file";
  if (/^[0-9a-f]{64}\./.test(name)) return "it begins like the name of a hash-prefixed file";
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\\]/.test(name)) return "it has a control character or a backslash";
  if (name.split("/").some((part) => part === "" || part === "." || part === ".."))
    return "it is not a plain relative path";
  return undefined;
}

/**
 * @throws MasterError MASTER_CUSTOM_RESERVED; TufError TUF_MALFORMED for values that canonical JSON does not have, such
 * as fractions
 */
export function verifyCustom(custom: JsonObject): void {
  parseJson(Buffer.from(JSON.stringify(custom)));
  if (!Object.hasOwn(custom, "dtuf")) return;
  throw new MasterError(
    "MASTER_CUSTOM_RESERVED",
    "the key dtuf of custom metadata is reserved for dtuf: use another key",
    {
      details: { key: "dtuf" },
    },
  );
}
