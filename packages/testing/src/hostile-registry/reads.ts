/** Blobs, manifests and lists of the distribution specification. Uploads are in uploads.ts. */
import { hashAs, isWellFormedDigest, isWellFormedTag, repositoryOf } from "./content.ts";
import { answer, errorAnswer, jsonAnswer, refuse, type Answer, type Exchange, type Registry } from "./exchange.ts";
import { findManifestProblem, referrerOf, subjectOf } from "./manifests.ts";

interface Resource {
  readonly name: string;
  readonly reference: string;
}

/** GET, HEAD and DELETE of …/blobs/<digest> */
export function answerBlob(registry: Registry, exchange: Exchange, { name, reference }: Resource): Answer {
  if (!isWellFormedDigest(reference)) return refuse(registry, exchange, [400, "DIGEST_INVALID", reference]);
  const blobs = registry.content.get(name)?.blobs;
  const bytes = blobs?.get(reference);
  if (exchange.method === "DELETE") {
    if (registry.manners.without.has("blob-delete")) return errorAnswer(405, "UNSUPPORTED", "no deleting here");
    return blobs?.delete(reference) === true ? answer(202) : errorAnswer(404, "BLOB_UNKNOWN", reference);
  }
  if (exchange.method !== "GET" && exchange.method !== "HEAD") return errorAnswer(405, "UNSUPPORTED", exchange.method);
  if (bytes === undefined) return errorAnswer(404, "BLOB_UNKNOWN", reference);
  const headers = { "content-type": "application/octet-stream", ...digestHeader(registry, reference) };
  return answerRange(registry, exchange, answer(200, headers, bytes));
}

function answerRange(registry: Registry, exchange: Exchange, whole: Answer): Answer {
  const { length } = whole.body;
  const range = exchange.method === "GET" ? exchange.headers.range : undefined;
  if (registry.manners.without.has("ranges")) return whole;
  const headers = { ...whole.headers, "accept-ranges": "bytes" };
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? "");
  if (match === null || match[0] === "bytes=-") return { ...whole, headers };
  const [first, last] = [match[1] ?? "", match[2] ?? ""];
  const start = first === "" ? Math.max(length - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? length - 1 : Math.min(Number(last), length - 1);
  if (start > end) return answer(416, { "content-range": `bytes */${length}` });
  const content = { "content-range": `bytes ${start}-${end}/${length}` };
  return answer(206, { ...headers, ...content }, whole.body.subarray(start, end + 1));
}

/** GET, HEAD, PUT and DELETE of …/manifests/<tag or digest> */
export function answerManifest(registry: Registry, exchange: Exchange, resource: Resource): Answer {
  const { reference } = resource;
  if (!isWellFormedTag(reference) && !isWellFormedDigest(reference)) {
    return refuse(registry, exchange, [400, "MANIFEST_INVALID", `reference ${reference}`]);
  }
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      return answerManifestGet(registry, exchange, resource);
    case "PUT":
      return answerManifestPut(registry, exchange, resource);
    case "DELETE":
      return answerManifestDelete(registry, resource);
    default:
      return errorAnswer(405, "UNSUPPORTED", exchange.method);
  }
}

function answerManifestGet(registry: Registry, exchange: Exchange, { name, reference }: Resource): Answer {
  const repository = registry.content.get(name);
  const digest = isWellFormedDigest(reference) ? reference : repository?.tags.get(reference);
  const manifest = digest === undefined ? undefined : repository?.manifests.get(digest);
  if (digest === undefined || manifest === undefined) return errorAnswer(404, "MANIFEST_UNKNOWN", reference);
  const accepted = (exchange.headers.accept ?? "").split(",").map((type) => type.split(";", 1)[0]?.trim());
  if (!accepted.includes(manifest.mediaType) && !accepted.includes("*/*")) {
    return errorAnswer(404, "MANIFEST_UNKNOWN", `${manifest.mediaType} is not in the Accept header`);
  }
  const headers = { "content-type": manifest.mediaType, ...digestHeader(registry, digest) };
  return answer(200, headers, manifest.bytes);
}

function answerManifestPut(registry: Registry, exchange: Exchange, { name, reference }: Resource): Answer {
  const { manners } = registry;
  if (exchange.body.length > manners.manifestMaxBytes) {
    return errorAnswer(413, "SIZE_INVALID", `manifest above ${manners.manifestMaxBytes} bytes`);
  }
  const repository = repositoryOf(registry.content, name);
  const problem = findManifestProblem(exchange, repository, manners.without.has("content-checks") ? "lax" : "strict");
  if (problem !== undefined) return refuse(registry, exchange, problem);
  const digest = hashAs(reference, exchange.body);
  if (isWellFormedDigest(reference) && digest !== reference) {
    return refuse(registry, exchange, [400, "DIGEST_INVALID", `wanted ${reference}; got ${digest}`]);
  }
  const tags = exchange.url.searchParams.getAll("tag");
  if (!tags.every(isWellFormedTag)) return refuse(registry, exchange, [400, "TAG_INVALID", tags.join(", ")]);
  if (tags.length > 0 && digest !== reference) registry.violation("PUT manifest: tag= beside a tag");
  const moved = digest !== reference ? [reference] : manners.without.has("multi-tag") ? [] : tags;
  const fixed = moved.find((tag) => repository.tags.has(tag) && isImmutable(registry, tag));
  if (fixed !== undefined) return refuseMove(registry, fixed);
  repository.manifests.set(digest, { mediaType: exchange.headers["content-type"] ?? "", bytes: exchange.body });
  for (const tag of moved) repository.tags.set(tag, digest);
  const subject = manners.without.has("subject-header") ? undefined : subjectOf(exchange.body);
  return answer(201, {
    location: `/v2/${name}/manifests/${digest}`,
    ...digestHeader(registry, digest),
    ...(subject === undefined ? {} : { "oci-subject": subject }),
    ...(digest === reference && moved.length > 0 ? { "oci-tag": moved } : {}),
  });
}

function isImmutable({ manners }: Registry, tag: string): boolean {
  const { which } = manners.immutableTags;
  return which === "all" || (which === "all but latest" && tag !== "latest");
}

function refuseMove({ manners }: Registry, tag: string): Answer {
  if (manners.immutableTags.like === "Harbor") {
    return errorAnswer(412, "PRECONDITION", `Failed to process request due to '${tag}' configured as immutable.`);
  }
  if (manners.immutableTags.like === "Artifactory") {
    return errorAnswer(403, "DENIED", `Not enough permissions to overwrite artifact '${tag}/manifest.json'.`);
  }
  if (manners.immutableTags.like !== "ECR") return errorAnswer(409, "CONFLICT", `the tag ${tag} exists`);
  const message = `The image tag '${tag}' already exists and cannot be overwritten because the repository is immutable.`;
  return errorAnswer(400, "TAG_INVALID", message);
}

function answerManifestDelete(registry: Registry, { name, reference }: Resource): Answer {
  const repository = registry.content.get(name);
  const isDigest = isWellFormedDigest(reference);
  if (registry.manners.without.has(isDigest ? "manifest-delete" : "tag-delete")) {
    return isDigest ? errorAnswer(405, "UNSUPPORTED", "no deleting here") : errorAnswer(400, "UNSUPPORTED", reference);
  }
  if (!isDigest) {
    return repository?.tags.delete(reference) === true ? answer(202) : errorAnswer(404, "MANIFEST_UNKNOWN", reference);
  }
  if (repository?.manifests.delete(reference) !== true) return errorAnswer(404, "MANIFEST_UNKNOWN", reference);
  for (const [tag, digest] of repository.tags) if (digest === reference) repository.tags.delete(tag);
  return answer(202);
}

function digestHeader(registry: Registry, digest: string): Answer["headers"] {
  return registry.manners.without.has("digest-header") ? {} : { "docker-content-digest": digest };
}

/** GET …/tags/list */
export function answerTags(registry: Registry, exchange: Exchange, { name }: Resource): Answer {
  const repository = registry.content.get(name);
  if (repository === undefined) return errorAnswer(404, "NAME_UNKNOWN", name);
  const { page, link } = pageOf(registry, exchange, [...repository.tags.keys()].toSorted());
  return jsonAnswer(200, { name, tags: page }, link);
}

/** GET /v2/_catalog */
export function answerCatalog(registry: Registry, exchange: Exchange): Answer {
  if (registry.manners.without.has("catalog")) return errorAnswer(404, "UNSUPPORTED", "no catalog here");
  const { page, link } = pageOf(registry, exchange, [...registry.content.keys()].toSorted());
  return jsonAnswer(200, { repositories: page }, link);
}

/** GET …/referrers/<digest> */
export function answerReferrers(registry: Registry, exchange: Exchange, { name, reference }: Resource): Answer {
  const { without } = registry.manners;
  if (without.has("referrers"))
    return answer(404, { "content-type": "text/plain" }, Buffer.from("404 page not found\n"));
  if (!isWellFormedDigest(reference)) return refuse(registry, exchange, [400, "DIGEST_INVALID", reference]);
  const wanted = without.has("referrer-filters") ? null : exchange.url.searchParams.get("artifactType");
  const manifests = registry.content.get(name)?.manifests ?? new Map<string, never>();
  const referrers = new Map(
    [...manifests]
      .filter(([, { bytes }]) => subjectOf(bytes) === reference)
      .map(([digest, manifest]) => [digest, referrerOf(digest, manifest)] as const)
      .filter(([, { artifactType }]) => wanted === null || artifactType === wanted),
  );
  const { page, link } = pageOf(registry, exchange, [...referrers.keys()].toSorted());
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const index = { schemaVersion: 2, mediaType, manifests: page.map((digest) => referrers.get(digest)) };
  return jsonAnswer(200, index, {
    "content-type": mediaType,
    ...link,
    ...(wanted === null ? {} : { "oci-filters-applied": "artifactType" }),
  });
}

interface Page {
  readonly page: readonly string[];
  readonly link: Answer["headers"];
}

/** `n` and `last` of the specification; the Link keeps every other parameter. */
function pageOf(registry: Registry, exchange: Exchange, sorted: readonly string[]): Page {
  if (registry.manners.without.has("paging")) return { page: sorted, link: {} };
  const { searchParams, pathname } = exchange.url;
  const asked = searchParams.get("n");
  const n = Math.min(asked === null ? registry.manners.pageSize : Number(asked), registry.manners.pageSize);
  const last = searchParams.get("last") ?? "";
  const rest = sorted.filter((entry) => entry > last);
  const page = rest.slice(0, n);
  const end = page.at(-1);
  if (end === undefined || rest.length <= n) return { page, link: {} };
  const next = new URLSearchParams(searchParams);
  next.set("n", String(n));
  next.set("last", end);
  return { page, link: { link: `<${pathname}?${next.toString()}>; rel="next"` } };
}
