import { isManifestMediaType } from "../oci/media-types.ts";
import { openBlobByDigest, openDownload, openDownloadRest } from "./blobs/blob-download.ts";
import { openDownloadRange } from "./blobs/blob-range.ts";
import { putBlob } from "./blobs/blob-upload.ts";
import { findBlob, hasBlob } from "./blobs/blobs.ts";
import type { Repository } from "./requests/context.ts";
import { deleteBlob, deleteManifest, deleteTag } from "./manifests/delete.ts";
import { parseRemoteName } from "./requests/endpoint.ts";
import { putManifest, tagManifest } from "./manifests/manifest-push.ts";
import { putNewBlob } from "./blobs/new-blob.ts";
import { hasManifest, isSchema1, openSchema1, resolveManifest } from "./manifests/manifests.ts";
import { mountBlob } from "./blobs/mount.ts";
import { listReferrers } from "./manifests/referrers.ts";
import type { RemoteStore } from "./requests/store.ts";
import { listTags } from "./manifests/tags.ts";

export function createRemoteStore(repository: Repository): RemoteStore {
  const { registry, name } = repository;
  return {
    registry: registry.name,
    name,
    open: (descriptor, options = {}) =>
      isSchema1(descriptor.mediaType)
        ? openSchema1(repository, descriptor, options)
        : openDownload({ repository, descriptor, signal: options.signal }),
    openRest: (descriptor, prefix, { signal } = {}) => openDownloadRest({ repository, descriptor, signal }, prefix),
    openRange: (descriptor, range, { signal, onWhole } = {}) =>
      openDownloadRange({ repository, descriptor, signal }, range, { onWhole }),
    openBlob: (digest, options = {}) => openBlobByDigest(repository, digest, options),
    findBlob: (digest, options = {}) => findBlob(repository, digest, options),
    has: ({ mediaType, digest }, options = {}) =>
      isManifestMediaType(mediaType) ? hasManifest(repository, digest, options) : hasBlob(repository, digest, options),
    resolve: (reference, options) => resolveManifest(repository, reference, options),
    put: (descriptor, content, options = {}) =>
      isManifestMediaType(descriptor.mediaType)
        ? putManifest(repository, { descriptor, content }, options)
        : putBlob(repository, { descriptor, content }, options),
    putNew: (content, options = {}) => putNewBlob(repository, content, options),
    tag: (tag, descriptor, options = {}) => tagManifest(repository, { tag, descriptor }, options),
    mount: ({ digest }, from, options = {}) =>
      mountBlob(
        repository,
        { digest, from: from === undefined ? undefined : parseRemoteName(registry.base, from) },
        options,
      ),
    listTags: (options) => listTags(repository, options),
    listReferrers: (subject, options) => listReferrers(repository, subject, options),
    deleteTag: (tag, options = {}) => deleteTag(repository, tag, options),
    deleteManifest: (digest, options = {}) => deleteManifest(repository, digest, options),
    deleteBlob: (digest, options = {}) => deleteBlob(repository, digest, options),
  };
}
