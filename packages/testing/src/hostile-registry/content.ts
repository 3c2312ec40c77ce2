/** The content of a hostile registry in plain maps. A test that needs false content writes it directly into them. */
import { createHash, randomUUID } from "node:crypto";

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface UploadSession {
  readonly id: string;
  readonly chunks: Uint8Array[];
  /** Bytes received. */
  size: number;
  /** Changes with every answer, so that a client which reuses an old Location is detected. */
  state: number;
  /** The last chunk was smaller than the minimum: only the closing PUT may follow. */
  lastChunk: "full" | "short";
}

/** Keys are not verified: bytes under a wrong digest are served under that digest. */
export interface RepositoryContent {
  readonly blobs: Map<string, Uint8Array>;
  readonly manifests: Map<string, StoredManifest>;
  /** Tag to manifest digest. */
  readonly tags: Map<string, string>;
  readonly uploads: Map<string, UploadSession>;
}

/** Repositories by name. */
export type RegistryContent = Map<string, RepositoryContent>;

export function repositoryOf(content: RegistryContent, name: string): RepositoryContent {
  const found = content.get(name);
  if (found !== undefined) return found;
  const made: RepositoryContent = { blobs: new Map(), manifests: new Map(), tags: new Map(), uploads: new Map() };
  content.set(name, made);
  return made;
}

export function createUpload(repository: RepositoryContent): UploadSession {
  const session: UploadSession = { id: randomUUID(), chunks: [], size: 0, state: 0, lastChunk: "full" };
  repository.uploads.set(session.id, session);
  return session;
}

export function appendToUpload(session: UploadSession, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  session.chunks.push(bytes);
  session.size += bytes.length;
}

export function hashAs(digest: string, bytes: Uint8Array): string {
  const algorithm = digest.startsWith("sha512:") ? "sha512" : "sha256";
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

const digestGrammar = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isWellFormedDigest(text: string): boolean {
  return digestGrammar.test(text);
}

const nameGrammar = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

export function isWellFormedName(text: string): boolean {
  return text.length <= 255 && nameGrammar.test(text);
}

export function isWellFormedTag(text: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(text);
}
