/**
 * TLS settings per host from `certs.d` directories, as Docker and the containers tools read them: in a directory named
 * `host` or `host:port`, `*.crt` are authorities, and `x.cert` with `x.key` is the client certificate. The first directory
 * that has the host is used alone.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { OciError } from "../../errors.ts";
import { findFile } from "../../files/index.ts";
import { certificateMaxBytes } from "../limits.ts";
import type { Origin } from "../addresses/origin.ts";
import type { TlsOptions } from "./tls.ts";

/**
 * Reads the directories once; a missing directory counts as empty.
 * @throws OciError OCI_CREDENTIALS_UNAVAILABLE (certificate without key or the reverse); FileError FILE_NOT_REGULAR, FILE_TOO_LARGE; the file system's errors
 */
export async function readCertsDirectories(
  directories: readonly string[],
): Promise<(origin: Origin) => TlsOptions | undefined> {
  const hosts = new Map<string, TlsOptions>();
  for (const directory of directories) {
    for (const host of await namesIn(directory)) {
      if (!hosts.has(host)) hosts.set(host, await readCertsDirectory(join(directory, host)));
    }
  }
  return (origin) => {
    const { host, hostname, port } = new URL(origin);
    return hosts.get(host) ?? hosts.get(`${hostname}:${port === "" ? "443" : port}`);
  };
}

/**
 * The settings in one host's own directory.
 * @throws OciError OCI_CREDENTIALS_UNAVAILABLE (certificate without key or the reverse); FileError FILE_NOT_REGULAR, FILE_TOO_LARGE; the file system's errors
 */
export async function readCertsDirectory(directory: string): Promise<TlsOptions> {
  const files = await namesIn(directory);
  const read = (file: string): Promise<string> => readBounded(join(directory, file));
  const ca = await Promise.all(files.filter((file) => file.endsWith(".crt")).map(read));
  const names = files.filter((file) => /\.(?:cert|key)$/.test(file)).map((file) => file.replace(/\.(?:cert|key)$/, ""));
  const name = names[0];
  for (const half of names.flatMap((each) => [`${each}.cert`, `${each}.key`])) {
    if (!files.includes(half)) throw halfPair(directory, half);
  }
  return {
    ...(ca.length === 0 ? {} : { ca }),
    ...(name === undefined ? {} : { cert: await read(`${name}.cert`), key: await read(`${name}.key`) }),
  };
}

function halfPair(directory: string, missing: string): OciError {
  return new OciError(
    "OCI_CREDENTIALS_UNAVAILABLE",
    `the client certificate in ${directory} is incomplete: ${missing} is missing`,
    {
      details: { directory, missing },
    },
  );
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
    throw error;
  }
}

async function readBounded(path: string): Promise<string> {
  const bytes = await findFile(path, { maxBytes: certificateMaxBytes, followLinks: true });
  return bytes?.toString("utf8") ?? "";
}
