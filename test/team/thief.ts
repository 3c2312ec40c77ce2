/**
 * A thief who may write to the registry and has stolen keys. Nothing of the publisher's code is used: the thief signs what
 * the publisher would never sign.
 */
import {
  encodeProposal,
  encodeRelease,
  latestTag,
  metadataFileName,
  parseProposal,
  parseRelease,
  parseRole,
  parseStatement,
  proposalTag,
  roleTag,
  tufHashes,
  type Artifact,
  type MetadataIndex,
} from "@dtuf/format";
import { collect, digestOf, mediaTypes } from "@dtuf/registry";
import type { LayoutStore } from "@dtuf/registry/layout";
import {
  parseRoleName,
  parseTargetPath,
  parseUnverified,
  signDocument,
  signedSha256,
  type Document,
  type Signer,
} from "@dtuf/tuf";

const maxBytes = 1_000_000;

async function readManifest(store: LayoutStore, tag: Parameters<LayoutStore["resolve"]>[0]): Promise<Uint8Array> {
  const found = await store.resolve(tag, { want: "bytes" });
  if (found?.bytes === undefined) throw new TypeError(`there is no ${tag}`);
  return found.bytes;
}

async function readFile(store: LayoutStore, { files }: MetadataIndex, name: string): Promise<Uint8Array> {
  const layer = files.get(name);
  const stream = layer === undefined ? undefined : await store.open(layer);
  if (stream === undefined) throw new TypeError(`there is no ${name}`);
  return collect(stream, maxBytes);
}

async function put(store: LayoutStore, { manifest, blobs, tags }: Artifact): Promise<void> {
  for (const { descriptor, bytes } of blobs) await store.put(descriptor, bytes);
  await store.put(manifest.descriptor, manifest.bytes, { tags });
}

/** Moves `latest` to the published release with a newer snapshot and timestamp. The roots stay: clients find the newest. */
export async function forgeRelease(store: LayoutStore, signer: Signer, expires: Date): Promise<void> {
  const release = parseRelease(await readManifest(store, latestTag));
  const files: { name: string; bytes: Uint8Array }[] = [];
  for (const name of release.files.keys()) files.push({ name, bytes: await readFile(store, release, name) });
  const bytesOf = (ending: string): Uint8Array =>
    files.find(({ name }) => name.endsWith(ending))?.bytes ?? new Uint8Array();
  const old = {
    snapshot: parseUnverified(bytesOf("snapshot.json"), "snapshot"),
    timestamp: parseUnverified(bytesOf("timestamp.json"), "timestamp"),
  };
  const sign = (document: Document): Promise<Uint8Array> => signDocument(document, [signer]);
  const version = old.snapshot.version + 1;
  const snapshot = await sign({ ...old.snapshot, version, expires });
  const listed = { ...old.timestamp.snapshot, version, length: snapshot.length, hashes: tufHashes(digestOf(snapshot)) };
  const timestampVersion = old.timestamp.version + 1;
  const timestamp = await sign({ ...old.timestamp, version: timestampVersion, expires, snapshot: listed });
  const forged = encodeRelease({
    files: [
      ...files.filter(({ name }) => !/(?:snapshot|timestamp)\.json$/.test(name)),
      { name: metadataFileName("snapshot", version), bytes: snapshot },
      { name: metadataFileName("timestamp"), bytes: timestamp },
    ],
    timestampVersion,
  });
  await put(store, { ...forged, tags: [latestTag] });
}

export interface ForgedTarget {
  /** The delegated role, which has been proposed before. */
  readonly role: string;
  readonly path: string;
  readonly content: string;
  readonly expires: Date;
}

/** Proposes the newest file of the role with a target more. */
export async function forgeProposal(
  store: LayoutStore,
  signers: readonly Signer[],
  { role, path, content, expires }: ForgedTarget,
): Promise<void> {
  const bytes = Buffer.from(content);
  const blob = { mediaType: mediaTypes.octetStream, digest: digestOf(bytes), size: bytes.length };
  await store.put(blob, bytes);
  const before = parseProposal(await readManifest(store, proposalTag(role)));
  const stream = await store.open(before.statement);
  if (stream === undefined) throw new TypeError("the proposal has no statement");
  const statement = parseStatement(await collect(stream, maxBytes));
  const version = statement.files.find((file) => file.role === role)?.version ?? 0;
  const index = parseRole(await readManifest(store, roleTag(parseRoleName(role), version)));
  const published = await readFile(store, index, metadataFileName(role, version));
  const old = parseUnverified(published, "targets");
  const target = { length: bytes.length, hashes: tufHashes(blob.digest), unrecognized: {} };
  const targets = new Map([...old.targets, [parseTargetPath(path), target]]);
  const forged = await signDocument({ ...old, version: version + 1, expires, targets }, signers);
  const file = { role, version: version + 1, sha256: signedSha256(forged), follows: signedSha256(published) };
  await put(
    store,
    encodeProposal({ ...statement, number: statement.number + 1, files: [file] }, [
      { name: metadataFileName(role, version + 1), bytes: forged },
    ]),
  );
}
