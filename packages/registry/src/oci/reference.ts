/**
 * References: `host[:port]/repository[:tag][@digest]`, by the distribution spec's grammar exactly. The strict
 * form always starts with the host; the familiar form (`busybox:1.30.1`) fills in missing parts.
 */
import { isIPv6 } from "node:net";
import { parseDigest, type Digest } from "./digest.ts";
import { OciError } from "../errors.ts";
import { redactPlace } from "../escape/redact-place.ts";
import { parseTag, type TagName } from "./tag.ts";

declare const registryBrand: unique symbol;
declare const repositoryBrand: unique symbol;

/** `host`, `host:port`, `[IPv6]` or `[IPv6]:port`, lower case. No scheme, no credentials, no path. */
export type RegistryHost = string & { readonly [registryBrand]: true };

/** A repository's name in its registry. Safe as a path: no component is empty, `.` or `..`. */
export type RepositoryName = string & { readonly [repositoryBrand]: true };

export interface Reference {
  readonly registry: RegistryHost;
  readonly repository: RepositoryName;
  readonly tag?: TagName;
  readonly digest?: Digest;
}

/** Clients limit host, slash and name together (distribution-spec, "Pulling manifests"). */
const nameMaxLength = 255;
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const hostPattern = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::([1-9][0-9]{0,4}))?$/;

/** @throws OciError OCI_REFERENCE_INVALID, OCI_TAG_INVALID, OCI_DIGEST_INVALID */
export function parseReference(text: string): Reference {
  const slash = text.indexOf("/");
  if (slash < 0) throw invalid("a reference", text, "host[:port]/repository[:tag][@digest]");
  return refer(parseRegistryHost(text.slice(0, slash), text), text.slice(slash + 1));
}

function refer(registry: RegistryHost, text: string): Reference {
  const [, name = "", tag, digest] = /^([^:@]*)(?::([^@]*))?(?:@(.*))?$/s.exec(text) ?? [];
  const repository = parseRepositoryName(name);
  if (registry.length + 1 + repository.length > nameMaxLength) {
    throw invalid("a reference", `${registry}/${repository}`, `at most ${nameMaxLength} characters of host and name`);
  }
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag: parseTag(tag) }),
    ...(digest === undefined ? {} : { digest: parseDigest(digest) }),
  };
}

/** The reference as text: the inverse of `parseReference`. */
export function encodeReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** Whether `parseRepositoryName` accepts the text. Never throws. */
export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= nameMaxLength && repositoryPattern.test(text);
}

/** @throws OciError OCI_REFERENCE_INVALID */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw invalid("a repository name", text, "lower-case letters and digits, separated by . _ __ - or /");
}

/**
 * @param from what the host was cut from, if that is more: a password that stands there may contain the slash that ends a host
 * @throws OciError OCI_REFERENCE_INVALID
 */
export function parseRegistryHost(text: string, from: string = text): RegistryHost {
  const [, host = "", port] = text.length > nameMaxLength ? [] : (hostPattern.exec(text) ?? []);
  const canonical = canonicalHost(host);
  if (canonical === undefined || Number(port ?? 1) > 65_535) {
    const hasUserinfo = redactPlace(from) !== from;
    const wanted = `host, host:port or [IPv6]:port${hasUserinfo ? ", without a user name and a password" : ""}`;
    throw invalid("a registry", hasUserinfo ? from : text, wanted);
  }
  return `${canonical}${port === undefined ? "" : `:${port}`}` as RegistryHost;
}

/** Returns one spelling for each host. Spellings that a URL parses as another host (`0x7f.1`, `127.1`) are refused. */
function canonicalHost(host: string): string | undefined {
  const lower = host.toLowerCase();
  if (lower.startsWith("[")) return isIPv6(lower.slice(1, -1)) ? new URL(`http://${lower}`).hostname : undefined;
  const labels = lower.split(".");
  if (labels.some((label) => label === "" || label.length > 63 || /^-|-$/.test(label))) return undefined;
  return URL.parse(`http://${lower}`)?.hostname === lower ? lower : undefined;
}

const dockerHubHosts: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** Whether the host is one of Docker Hub's three names. */
export function isDockerHub(registry: string): boolean {
  return dockerHubHosts.has(registry);
}

export interface FamiliarNameOptions {
  /** The registry of a name without a host. Default `docker.io`. */
  readonly defaultRegistry?: string | undefined;
  /**
   * Prefix for a name of one component: by default `library` on Docker Hub and none on another registry. Not used if the name
   * contains a host. Empty: no prefix.
   */
  readonly defaultNamespace?: string | undefined;
  /** The tag of a name with neither tag nor digest. Default `latest`. */
  readonly defaultTag?: string | undefined;
}

/**
 * Parses a name as people write it. Its first component is a host if it contains a dot or a colon or is `localhost`.
 * @throws OciError OCI_REFERENCE_INVALID, OCI_TAG_INVALID, OCI_DIGEST_INVALID
 */
export function parseFamiliarName(text: string, options: FamiliarNameOptions = {}): Reference {
  const { defaultRegistry = "docker.io", defaultNamespace, defaultTag = "latest" } = options;
  const slash = text.indexOf("/");
  const hasHost = slash >= 0 && /[.:]|^localhost$/i.test(text.slice(0, slash));
  const registry = hasHost ? parseRegistryHost(text.slice(0, slash), text) : parseRegistryHost(defaultRegistry);
  const name = hasHost ? text.slice(slash + 1) : text;
  const namespace = isDockerHub(registry) ? (defaultNamespace ?? "library") : hasHost ? "" : (defaultNamespace ?? "");
  const short = namespace === "" || name.split("@", 1)[0]?.includes("/") === true;
  const reference = refer(registry, short ? name : `${namespace}/${name}`);
  const complete = reference.tag !== undefined || reference.digest !== undefined;
  return complete ? reference : { ...reference, tag: parseTag(defaultTag) };
}

function invalid(what: string, text: string, wanted: string): OciError {
  const redacted = redactPlace(text);
  const shown = redacted.length > 300 ? `${redacted.slice(0, 300)}…` : redacted;
  return new OciError("OCI_REFERENCE_INVALID", `not ${what}: ${JSON.stringify(shown)}; wanted ${wanted}`, {
    details: { got: shown, wanted },
  });
}
