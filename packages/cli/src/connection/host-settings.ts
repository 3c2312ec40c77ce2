/**
 * The settings of one host as a value: credentials, certificate verification, request headers. DTUF_USERNAME,
 * --ca-file, --header, --insecure and similar settings apply to one host, the named one, and are never sent to another.
 * Code that opens a connection gets the value of its host and reads no settings.
 */
import { resolve } from "node:path";
import { parseRegistryHost } from "@dtuf/registry";
import type { TlsOptions } from "@dtuf/registry/http";
import type { CredentialProvider } from "@dtuf/registry/remote";
import { findCredentials } from "./credentials.ts";
import type { Context } from "../context/command.ts";
import { readInput } from "../context/input-file.ts";
import { isGiven } from "../context/settings/modes.ts";
import { UsageError } from "../context/usage.ts";

export interface HostSettings {
  /** host[:port] */
  readonly host: string;
  readonly scheme: "https" | "http";
  /** "host": to this host[:port]; "near": also to its token server, which may have another port, and to `authHost`. */
  readonly plainHttp: "refuse" | "host" | "near";
  /** For this host; its authorities and its verification hold for its token server too. */
  readonly tls: TlsOptions;
  readonly credentials: CredentialProvider;
  /** host[:port] that replaces the host of every token realm. */
  readonly authHost: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** The registry of DTUF_HOST, to which all other settings of a connection apply. */
export function settingsHost({ values }: Context): string | undefined {
  const host = values.text("host");
  return host === undefined || host === "" || host.startsWith("oci:") ? undefined : parseRegistryHost(host);
}

/** @throws UsageError for a flag with credentials of the host of DTUF_HOST, because no request goes to that host */
export function refuseFlagsForAnother({ values, variable }: Context, named: string, asked: string): void {
  const areOpen = (values.text("credentials-for") ?? "") !== "";
  const names = areOpen ? (["header"] as const) : (["username", "header"] as const);
  const refused = names.find((name) => isGiven(values, name) && values.origin(name) === "flag");
  if (refused === undefined) return;
  throw new UsageError(
    `${values.given(refused)} is for ${named}, which ${variable("host")} names, and not for ${asked}`,
    `--host ${asked}`,
  );
}

/**
 * @param named host[:port] that the settings are about. For any other host they say nothing; undefined: for no host
 * @throws UsageError for settings that contradict each other
 */
export async function readHostSettings(
  context: Context,
  host: string,
  named: string | undefined,
): Promise<HostSettings> {
  const credentials = await findCredentials(context, named);
  const ca = await readBundle(context);
  const trust: TlsOptions = ca === undefined ? {} : { ca: [ca] };
  const other = { host, scheme: "https", plainHttp: "refuse", tls: trust, credentials, authHost: undefined } as const;
  if (host !== named) return { ...other, headers: named === undefined ? await readDockerHeaders(context) : {} };
  const isPlain = context.values.on("insecure");
  return {
    ...other,
    scheme: isPlain ? "http" : "https",
    plainHttp: isPlain ? "near" : "refuse",
    tls: { ...trust, ...(await readTls(context)) },
    authHost: context.values.text("auth-host") || undefined,
    headers: { ...(await readDockerHeaders(context)), ...parseHeaders(context.values.list("header")) },
  };
}

async function readTls(context: Context): Promise<TlsOptions> {
  const { values } = context;
  const file = (name: "ca-file" | "tlsverify" | "cert-file" | "key-file"): Promise<string | undefined> =>
    readCertificates(context, values.text(name));
  const ca = (await file("ca-file")) ?? (await file("tlsverify"));
  const [cert, key] = [await file("cert-file"), await file("key-file")];
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("--cert-file and --key-file go together: one of them is missing");
  }
  return {
    ...(ca === undefined ? {} : { ca: [ca] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(values.on("skiptlsverify") ? { verification: "skip-verify" as const } : {}),
  };
}

/** The authorities that the Python tools used (REQUESTS_CA_BUNDLE), for every host. */
function readBundle(context: Context): Promise<string | undefined> {
  return readCertificates(context, context.io.env["REQUESTS_CA_BUNDLE"]);
}

async function readCertificates(context: Context, path: string | undefined): Promise<string | undefined> {
  if (path === undefined || path === "") return undefined;
  const { certificateMaxBytes } = await import("@dtuf/registry/http");
  // Resolved here, so that a file with the name `-` is not stdin.
  const bytes = await readInput(context, resolve(context.io.cwd, path), certificateMaxBytes);
  return new TextDecoder().decode(bytes);
}

/** Docker's own HttpHeaders. */
async function readDockerHeaders({ io }: Context): Promise<Readonly<Record<string, string>>> {
  const remote = await import("@dtuf/registry/remote");
  return remote.readDockerHeaders(remote.dockerConfigPath({ environment: io.env, home: io.home ?? "/" }));
}

function parseHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}
