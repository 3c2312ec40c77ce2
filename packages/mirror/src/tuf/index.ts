export {
  expirationsBefore,
  firstToExpire,
  type Expiration,
  verifyRepository,
  verifyValidUntil,
  type UnusableTarget,
  type VerifiedRepository,
  type VerifiedRole,
  type VerifyOptions,
} from "./verified-repository.ts";
export { writeRepository, type WriteOptions, type WrittenRepository } from "./write-repository.ts";
export { writeDockerLayout, type DockerLayoutOptions, type WrittenDockerLayout } from "./write-docker-layout.ts";
export { findStatedValidity, stateValidity, validUntilAnnotation } from "./archive-validity.ts";
export { writePlainRepository, type PlainWriteOptions, type WrittenPlainRepository } from "./write-plain-repository.ts";
export { readTargets, type ReadTargets, type ReadTargetsOptions, type TargetFault } from "./read-targets.ts";
