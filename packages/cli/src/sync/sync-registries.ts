/**
 * The registries of one side of `sync`, by skopeo's options and by what the list says of each. Credentials that were
 * given explicitly are for one registry: a list of several has to say itself which are whose.
 */
import { resolve } from "node:path";
import { OciError } from "@dtuf/registry";
import type { TlsOptions, Transport } from "@dtuf/registry/http";
import type { ListedCredential, ListedRegistry } from "@dtuf/mirror";
import type { Credential, CredentialProvider, RegistryClient, RemoteStore } from "@dtuf/registry/remote";
import type { Context } from "../context/command.ts";
import { openRegistry, openTransport } from "../connection/connection.ts";
import { readHostSettings, settingsHost, type HostSettings } from "../connection/host-settings.ts";
import { asSpelled, type Reach } from "../connection/plain-site.ts";
import type { SettingName, SideSetting } from "../context/settings/settings.ts";
import { isGiven } from "../context/settings/modes.ts";
import { UsageError } from "../context/usage.ts";

export type Side = "src" | "dest";

export interface SideRegistries {
  repository(host: string, repository: string, listed?: ListedRegistry): Promise<RemoteStore>;
  /** The plain web server of that URL. */
  site(url: URL): Promise<Reach>;
  /** The same, for mirrors: explicit credentials are for the hosts asked until now, and no other. */
  forMirrors(): SideRegistries;
  close(): Promise<void>;
}

interface Opened {
  readonly client: RegistryClient;
  readonly transport: Transport;
}

/** The settings that are about the host of DTUF_HOST. */
const aboutNamedHost: readonly SettingName[] = [
  "insecure",
  "username",
  "auth-host",
  "header",
  "ca-file",
  "tlsverify",
  "skiptlsverify",
  "cert-file",
  "key-file",
];

/** @throws UsageError for a flag that says who we are to the host of DTUF_HOST if there is none */
function refuseHostless({ values }: Context, host: string): void {
  const refused = aboutNamedHost.find((name) => isGiven(values, name) && values.origin(name) === "flag");
  if (refused === undefined || (refused === "username" && (values.text("credentials-for") ?? "") !== "")) return;
  throw new UsageError(`${values.given(refused)} is for the host of --host`, `--host ${host}, or --src-… and --dest-…`);
}

export function openSide(context: Context, side: Side): SideRegistries {
  warnOfArgv(context, side);
  const settings = sideSettings(context, side);
  return openRegistries(context, { settingsOf: () => settings, sites: "own" });
}

interface Registries {
  readonly settingsOf: (host: string) => SideSettings;
  readonly sites: "own" | "mirrors";
}

function openRegistries(context: Context, { settingsOf, sites }: Registries): SideRegistries {
  const clients = new Map<string, Promise<Opened>>();
  const asked = new Set<string>();
  const wantedOf = (host: string, listed?: ListedRegistry): Wanted => {
    asked.add(host);
    return { host, side: settingsOf(host), listed };
  };
  return {
    async repository(host, repository, listed) {
      const key = `${host}/${listed?.namespace ?? ""}`;
      const found = clients.get(key) ?? openHost(context, wantedOf(host, listed));
      clients.set(key, found);
      return (await found).client.repository(repository);
    },
    site: (url) => reachUrl(context, url, { ...wantedOf(url.host), sites }),
    forMirrors() {
      const own = new Set(asked);
      return openRegistries(context, {
        settingsOf: (host) => (own.has(host) ? settingsOf(host) : { ...settingsOf(host), credential: undefined }),
        sites: "mirrors",
      });
    },
    async close() {
      for (const opened of await Promise.allSettled(clients.values())) {
        if (opened.status === "fulfilled") await opened.value.transport.close();
      }
    },
  };
}

interface SideSettings {
  readonly credential: Credential | undefined;
  readonly authfile: string | undefined;
  readonly certDir: string | undefined;
  readonly tlsVerify: "verify" | "skip" | undefined;
}

/** skopeo's spelling is taken, and what is wrong with it is said. */
function warnOfArgv({ io, terminal, variable }: Context, side: Side): void {
  const given = (["creds", "password", "registry-token"] as const)
    .map((name): SettingName => `${side}-${name}`)
    .filter((name) => io.argv.some((word) => word === `--${name}` || word.startsWith(`--${name}=`)));
  if (given.length === 0) return;
  const [flags, variables] = [given.map((name) => `--${name}`), given.map(variable)].map((names) => names.join(", "));
  terminal.note(`every process of this machine can read ${flags}: use ${variables} or --${side}-authfile instead`);
}

/** @throws UsageError for settings that contradict each other */
function sideSettings(context: Context, side: Side): SideSettings {
  const { values } = context;
  const text = (name: SideSetting): string | undefined => values.text(`${side}-${name}` as SettingName) || undefined;
  const verify = text("tls-verify");
  return {
    credential: explicitCredential(context, side, text),
    authfile: text("authfile") ?? (values.text("authfile") || undefined),
    certDir: text("cert-dir"),
    tlsVerify: verify === undefined ? undefined : verify === "true" ? "verify" : "skip",
  };
}

function explicitCredential(
  { values }: Context,
  side: Side,
  text: (name: SideSetting) => string | undefined,
): Credential | undefined {
  const [creds, username, password, token] = [
    text("creds"),
    text("username"),
    text("password"),
    text("registry-token"),
  ];
  const none = values.on(`${side}-no-creds` as SettingName);
  const given = [creds, username ?? password, token, none ? "none" : undefined].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw new UsageError(
      `--${side}-creds, --${side}-username, --${side}-registry-token and --${side}-no-creds exclude each other`,
    );
  }
  if ((username === undefined) !== (password === undefined)) {
    throw new UsageError(`--${side}-username and --${side}-password go together: one of them is missing`);
  }
  if (none) return { kind: "anonymous" };
  if (token !== undefined) return { kind: "bearer", token };
  if (username !== undefined && password !== undefined) return { kind: "basic", username, password };
  if (creds === undefined) return undefined;
  const colon = creds.indexOf(":");
  if (colon === 0) throw new UsageError(`--${side}-creds: wanted USER[:PASSWORD]`);
  return colon < 0
    ? { kind: "basic", username: creds, password: "" }
    : { kind: "basic", username: creds.slice(0, colon), password: creds.slice(colon + 1) };
}

interface Wanted {
  readonly host: string;
  readonly side: SideSettings;
  readonly listed: ListedRegistry | undefined;
}

async function openHost(context: Context, wanted: Wanted): Promise<Opened> {
  const settings = await settingsOfHost(context, wanted);
  const transport = await openTransport(context, settings);
  const scheme = isUnverified(wanted) ? await findScheme(context, wanted.host, transport) : settings.scheme;
  return { client: await openRegistry(context, { ...settings, scheme }, transport), transport };
}

async function reachUrl(context: Context, url: URL, wanted: Wanted & Pick<Registries, "sites">): Promise<Reach> {
  const read = await settingsOfHost(context, wanted);
  const settings = wanted.sites === "mirrors" ? asSpelled(read, url) : read;
  return {
    transport: await openTransport(context, settings),
    credentials: settings.credentials,
    headers: (asked) => (asked === wanted.host ? settings.headers : {}),
  };
}

function isUnverified({ side, listed }: Wanted): boolean {
  return (listed?.tlsVerify ?? side.tlsVerify) === "skip";
}

/**
 * Two registries take part in a copy. What the settings say of the one that DTUF_HOST names is for that one; skopeo's
 * options are for every registry of their side, and what a list says of a registry goes before them.
 */
async function settingsOfHost(context: Context, { host, side, listed }: Wanted): Promise<HostSettings> {
  const named = settingsHost(context);
  if (named === undefined) refuseHostless(context, host);
  const settings = await readHostSettings(context, host, named);
  const verification = listed?.tlsVerify ?? side.tlsVerify;
  const certDir = listed?.certDir ?? side.certDir;
  const credential = listedCredential(listed?.credential) ?? side.credential;
  return {
    ...settings,
    tls: {
      ...settings.tls,
      ...(certDir === undefined ? {} : await readCertificates(resolve(context.io.cwd, certDir))),
      ...(verification === "skip" ? { verification: "skip-verify" as const } : {}),
      ...(verification === "verify" ? { verification: "verify" as const } : {}),
    },
    plainHttp: verification === "skip" && settings.plainHttp === "refuse" ? "host" : settings.plainHttp,
    credentials:
      (await sideCredentials(context, host, { credential, authfile: side.authfile })) ?? settings.credentials,
  };
}

async function readCertificates(directory: string): Promise<TlsOptions> {
  const { readCertsDirectory } = await import("@dtuf/registry/http");
  return readCertsDirectory(directory);
}

/** As skopeo: who does not ask for a verified certificate takes what answers, https first. */
async function findScheme({ io }: Context, host: string, transport: Transport): Promise<"https" | "http"> {
  try {
    const url = new URL(`https://${host}/v2/`);
    const response = await transport.send({ method: "GET", url, retries: "once", signal: io.signal });
    await response.discard();
    return "https";
  } catch (error) {
    if (OciError.is(error) && error.code === "OCI_UNAVAILABLE") return "http";
    throw error;
  }
}

function listedCredential(listed: ListedCredential | undefined): Credential | undefined {
  const { username, password, identityToken } = listed ?? {};
  if (identityToken !== undefined && identityToken !== "") {
    return { kind: "identity-token", token: identityToken, ...(username === undefined ? {} : { username }) };
  }
  return username === undefined || username === "" ? undefined : { kind: "basic", username, password: password ?? "" };
}

/** Undefined: the side has none of its own. */
async function sideCredentials(
  { io }: Context,
  host: string,
  { credential, authfile }: Pick<SideSettings, "credential" | "authfile">,
): Promise<CredentialProvider | undefined> {
  const remote = await import("@dtuf/registry/remote");
  if (credential !== undefined) return remote.createPatternCredentials([{ registry: host, credential }]);
  if (authfile === undefined) return undefined;
  const helper = remote.createCredentialHelper({ environment: io.env });
  const places = [{ path: resolve(io.cwd, authfile), format: "config" as const }];
  return remote.createContainersAuthCredentials({ places, helper });
}

/** @throws UsageError where explicit credentials would be shown to several registries */
export function verifyOneRegistry(context: Context, list: readonly ListedRegistry[]): void {
  const { credential } = sideSettings(context, "src");
  const open = new Set(list.flatMap((each) => (each.credential === undefined ? [each.registry] : [])));
  if (credential === undefined || credential.kind === "anonymous" || open.size < 2) return;
  throw new UsageError("the list names several registries: write the credentials of each into the list");
}
