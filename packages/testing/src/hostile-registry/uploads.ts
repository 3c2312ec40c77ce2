/** Blob uploads of the distribution specification: single POST, POST + PUT, chunks, streams, mounts, status, cancel. */
import {
  appendToUpload,
  createUpload,
  hashAs,
  isWellFormedDigest,
  repositoryOf,
  type UploadSession,
} from "./content.ts";
import { answer, errorAnswer, refuse, type Answer, type Exchange, type Registry } from "./exchange.ts";

interface Resource {
  readonly name: string;
  readonly reference: string;
}

/** POST …/blobs/uploads/ */
export function answerUploadStart(registry: Registry, exchange: Exchange, { name }: Resource): Answer {
  if (exchange.method !== "POST") return errorAnswer(405, "UNSUPPORTED", "only POST starts an upload");
  const { searchParams } = exchange.url;
  const mount = searchParams.get("mount");
  if (mount !== null) return answerMount(registry, exchange, { name, mount, from: searchParams.get("from") });
  const digest = searchParams.get("digest");
  const algorithm = searchParams.get("digest-algorithm");
  if (algorithm !== null && algorithm !== "sha256" && algorithm !== "sha512") {
    return refuse(registry, exchange, [400, "UNSUPPORTED", `digest-algorithm ${algorithm}`]);
  }
  if (digest === null || registry.manners.without.has("single-post")) {
    if (exchange.body.length > 0 && digest === null) registry.violation("POST: a body without a digest parameter");
    return acceptedUpload(registry, name, createUpload(repositoryOf(registry.content, name)));
  }
  const wrong = findBodyRefusal(registry, exchange, digest);
  return wrong ?? storeBlob(registry, name, { digest, bytes: exchange.body });
}

interface MountRequest {
  readonly name: string;
  readonly mount: string;
  readonly from: string | null;
}

function answerMount(registry: Registry, exchange: Exchange, { name, mount, from }: MountRequest): Answer {
  if (!isWellFormedDigest(mount)) return refuse(registry, exchange, [400, "DIGEST_INVALID", `mount=${mount}`]);
  const { without } = registry.manners;
  const off = without.has("mount") || (from === null && without.has("anonymous-mount"));
  const sources = from === null ? [...registry.content.keys()] : [from];
  const found = sources
    .filter((source) => exchange.mayPull(source))
    .map((source) => registry.content.get(source)?.blobs.get(mount))
    .find((bytes) => bytes !== undefined);
  const target = repositoryOf(registry.content, name);
  if (off || found === undefined) return acceptedUpload(registry, name, createUpload(target));
  target.blobs.set(mount, found);
  return createdBlob(registry, name, mount);
}

/** GET, PATCH, PUT and DELETE of an upload's Location. */
export function answerUpload(registry: Registry, exchange: Exchange, { name, reference }: Resource): Answer {
  const { uploads } = repositoryOf(registry.content, name);
  const session = uploads.get(reference);
  if (session === undefined) return errorAnswer(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
  const stale = exchange.url.searchParams.get("_state") !== String(session.state);
  if (stale && (exchange.method === "PATCH" || exchange.method === "PUT")) {
    return refuse(registry, exchange, [400, "BLOB_UPLOAD_INVALID", "not the Location of the last answer"]);
  }
  const { without } = registry.manners;
  switch (exchange.method) {
    case "GET":
      if (without.has("upload-status")) return errorAnswer(404, "BLOB_UPLOAD_UNKNOWN", "no upload status here");
      return answer(204, uploadHeaders(registry, name, session));
    case "DELETE":
      if (without.has("upload-cancel")) return errorAnswer(405, "UNSUPPORTED", "uploads cannot be cancelled here");
      uploads.delete(reference);
      return answer(204);
    case "PATCH":
      return answerChunk(registry, exchange, { name, session });
    case "PUT":
      return answerClose(registry, exchange, { name, session });
    default:
      return errorAnswer(405, "UNSUPPORTED", exchange.method);
  }
}

/** Keeps the bytes that arrived of a cut PATCH, so that a client can resume. */
export function keepPartialChunk(registry: Registry, resource: Resource, bytes: Uint8Array): void {
  const session = registry.content.get(resource.name)?.uploads.get(resource.reference);
  if (session !== undefined) appendToUpload(session, bytes);
}

interface OpenUpload {
  readonly name: string;
  readonly session: UploadSession;
}

function answerChunk(registry: Registry, exchange: Exchange, { name, session }: OpenUpload): Answer {
  const { manners } = registry;
  const { length } = exchange.body;
  if (manners.without.has("chunked")) return errorAnswer(405, "UNSUPPORTED", "no chunked uploads here");
  if (length > manners.chunkMaxBytes) return errorAnswer(416, "RANGE_INVALID", `chunk above ${manners.chunkMaxBytes}`);
  noteWrongContentType(registry, exchange);
  const streamed = exchange.headers["content-range"] === undefined;
  if (streamed && (session.size > 0 || manners.without.has("stream"))) {
    return outOfRange(registry, exchange, { name, session });
  }
  if (!streamed && !isNextRange(exchange, session)) return outOfRange(registry, exchange, { name, session });
  if (session.lastChunk === "short") return outOfRange(registry, exchange, { name, session });
  session.lastChunk = length < manners.chunkMinBytes ? "short" : "full";
  appendToUpload(session, exchange.body);
  return acceptedUpload(registry, name, session);
}

function answerClose(registry: Registry, exchange: Exchange, { name, session }: OpenUpload): Answer {
  const digest = exchange.url.searchParams.get("digest") ?? "";
  if (exchange.headers["content-range"] !== undefined && !isNextRange(exchange, session)) {
    return outOfRange(registry, exchange, { name, session });
  }
  const wrong = findBodyRefusal(registry, exchange, digest);
  if (wrong !== undefined) return wrong;
  appendToUpload(session, exchange.body);
  repositoryOf(registry.content, name).uploads.delete(session.id);
  return storeBlob(registry, name, { digest, bytes: Buffer.concat(session.chunks) });
}

function isNextRange(exchange: Exchange, session: UploadSession): boolean {
  const match = /^(\d+)-(\d+)$/.exec(exchange.headers["content-range"] ?? "");
  if (match === null) return false;
  const [start, end] = [Number(match[1]), Number(match[2])];
  return start === session.size && end - start + 1 === exchange.body.length;
}

function outOfRange(registry: Registry, exchange: Exchange, { name, session }: OpenUpload): Answer {
  const got = exchange.headers["content-range"] ?? "no Content-Range";
  const refused = refuse(registry, exchange, [416, "RANGE_INVALID", `wanted from ${session.size}; got ${got}`]);
  return { ...refused, headers: { ...refused.headers, ...uploadHeaders(registry, name, session) } };
}

function findBodyRefusal(registry: Registry, exchange: Exchange, digest: string): Answer | undefined {
  if (!isWellFormedDigest(digest)) return refuse(registry, exchange, [400, "DIGEST_INVALID", `digest=${digest}`]);
  if (exchange.headers["content-length"] === undefined && exchange.body.length > 0) {
    return refuse(registry, exchange, [411, "SIZE_INVALID", "no Content-Length"]);
  }
  if (exchange.body.length > 0) noteWrongContentType(registry, exchange);
  if (exchange.body.length <= registry.manners.putMaxBytes) return undefined;
  return errorAnswer(413, "SIZE_INVALID", `at most ${registry.manners.putMaxBytes} bytes in one request`);
}

function noteWrongContentType(registry: Registry, exchange: Exchange): void {
  const type = exchange.headers["content-type"];
  if (type === "application/octet-stream") return;
  registry.violation(`${exchange.method} blob content: Content-Type ${type ?? "missing"}`);
}

interface Content {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

function storeBlob(registry: Registry, name: string, { digest, bytes }: Content): Answer {
  const got = hashAs(digest, bytes);
  if (got !== digest) return errorAnswer(400, "DIGEST_INVALID", `wanted ${digest}; got ${got}`);
  repositoryOf(registry.content, name).blobs.set(digest, bytes);
  return createdBlob(registry, name, digest);
}

function createdBlob(registry: Registry, name: string, digest: string): Answer {
  return answer(201, {
    location: locationOf(registry, `/v2/${name}/blobs/${digest}`),
    ...(registry.manners.without.has("digest-header") ? {} : { "docker-content-digest": digest }),
  });
}

function acceptedUpload(registry: Registry, name: string, session: UploadSession): Answer {
  session.state += 1;
  const { chunkMinBytes } = registry.manners;
  const minimum = chunkMinBytes > 0 ? { "oci-chunk-min-length": String(chunkMinBytes) } : {};
  return answer(202, { ...uploadHeaders(registry, name, session), ...minimum });
}

function uploadHeaders(registry: Registry, name: string, session: UploadSession): Answer["headers"] {
  return {
    location: locationOf(registry, `/v2/${name}/blobs/uploads/${session.id}?_state=${session.state}`),
    "docker-upload-uuid": session.id,
    range: `0-${Math.max(session.size - 1, 0)}`,
  };
}

function locationOf(registry: Registry, path: string): string {
  return registry.manners.locations === "absolute" ? `${registry.origin}${path}` : path;
}
