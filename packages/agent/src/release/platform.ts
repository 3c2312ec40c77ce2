/** Platforms as Go names them (`linux/amd64`). npm's names (`linux-x64`, `win32-arm64`) are accepted and translated. */
import { AgentError } from "../errors.ts";

/** An operating system and an architecture in Go's names. */
export interface ReleasePlatform {
  readonly os: string;
  readonly arch: string;
}

const goOs: ReadonlyMap<string, string> = new Map([
  ["win32", "windows"],
  ["sunos", "solaris"],
]);
const goArch: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["ia32", "386"],
  ["ppc64", "ppc64le"],
]);

const form = /^([a-z0-9]{1,16})[/-]([a-z0-9]{1,16})$/;

/** @throws AgentError AGENT_RELEASE_INVALID */
export function parsePlatform(text: string): ReleasePlatform {
  const [, os, arch] = form.exec(text) ?? [];
  if (os === undefined || arch === undefined)
    throw new AgentError("AGENT_RELEASE_INVALID", `a platform is OS/ARCH, such as linux/amd64, got ${text}`, {
      details: { platform: text },
    });
  return { os: goOs.get(os) ?? os, arch: goArch.get(arch) ?? arch };
}

/** `os/arch`. */
export function encodePlatform({ os, arch }: ReleasePlatform): string {
  return `${os}/${arch}`;
}
