/** Media types and annotations of format version 1, and the two that Docker's layout shares with it. */

export const repositoryArtifactType = "application/vnd.dtuf.repository.v1";
export const roleArtifactType = "application/vnd.dtuf.role.v1";
export const proposalArtifactType = "application/vnd.dtuf.proposal.v1";
export const targetArtifactType = "application/vnd.dtuf.target.v1";

/** The layer is a TUF metadata file, as in Docker's layout. */
export const metadataMediaType = "application/vnd.tuf.metadata+json";
/** The layer is the statement of a proposal. */
/** Several files of a proposal in one layer: a JSON array of base64. */
export const proposalFilesMediaType = "application/vnd.dtuf.proposal.files.v1+json";
export const proposalStatementMediaType = "application/vnd.dtuf.proposal.v1+json";
/** The layer is a target's content, as in Docker's layout. */
export const targetMediaType = "application/vnd.tuf.target";
/** The layer is a target's chunk index. */
export const indexMediaType = "application/vnd.dtuf.index.v1";
/** The layer is a patch from an older content of a target. */
export const patchMediaType = "application/vnd.dtuf.patch.v1";

export const annotationKeys = {
  /** The TUF file name of a layer. */
  filename: "tuf.io/filename",
  /** The same name for every OCI tool: `oras pull` writes a layer under it. */
  title: "org.opencontainers.image.title",
  /** On a release: the digest of the previous release. */
  predecessor: "vnd.dtuf.predecessor",
} as const;
