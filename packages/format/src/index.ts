export { type Artifact, type ArtifactBlob } from "./artifact.ts";
export { FormatError, type FormatErrorCode, type FormatErrorDetails } from "./errors.ts";
export { blobDigest, tufHashes } from "./hashes.ts";
export {
  annotationKeys,
  indexMediaType,
  metadataMediaType,
  patchMediaType,
  proposalArtifactType,
  proposalFilesMediaType,
  proposalStatementMediaType,
  repositoryArtifactType,
  roleArtifactType,
  targetArtifactType,
  targetMediaType,
} from "./media-types.ts";
export { findFileVersion, metadataFileName, parseVersion, type MetadataFile } from "./metadata-file.ts";
export {
  encodeProposal,
  encodeStatement,
  parseProposal,
  parseProposalPack,
  parseStatement,
  proposalPackMaxBytes,
  statementHash,
  statementMaxBytes,
  type ProposalIndex,
  type ProposalStatement,
  type ProposedFile,
} from "./proposal.ts";
export { encodeRelease, parseRelease, type MetadataIndex, type Release, type ReleaseContent } from "./release.ts";
export { encodeRootChain, parseRootFile, rootFileMaxBytes } from "./root-file.ts";
export { encodeRole, encodeTopLevelKeepers, parseRole, targetKeeper, type RoleContent } from "./role.ts";
export {
  isProposalName,
  latestTag,
  parseProposalTag,
  parseReleaseTag,
  plainRoleTag,
  proposalTag,
  releaseTag,
  rolePartTag,
  roleTag,
  targetTag,
} from "./tags.ts";
export {
  targetBlobsMax,
  findCompanionBlobs,
  findStoredBlobs,
  findTargetBlobs,
  findTargetIndex,
  withoutCompanions,
  withTargetBlobs,
  withTargetIndex,
} from "./target-blobs.ts";
export {
  betweenMaxBytes,
  emptySha256,
  findPatchChains,
  findTargetPatches,
  patchChainMax,
  patchesMax,
  withTargetPatches,
  type TargetPatch,
} from "./custom/target-patches.ts";
export { encodeTarget, targetLayers } from "./target.ts";
