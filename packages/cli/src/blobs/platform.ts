import { arch } from "node:os";
import type { PlatformPattern } from "@dtuf/mirror";
import type { Io } from "../context/io.ts";

/** Node's names for what the image spec calls by Go's. */
const architectures: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["ia32", "386"],
  ["mipsel", "mipsle"],
]);

/** The machine's own. Containers run Linux everywhere but on Windows. */
export function hostPlatform({ platform }: Io): PlatformPattern {
  const architecture = arch();
  return {
    os: platform === "win32" ? "windows" : "linux",
    architecture: architectures.get(architecture) ?? architecture,
  };
}
