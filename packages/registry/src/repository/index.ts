export {
  openReadOnlyRepository,
  openRepository,
  parseRepositoryLocation,
  type OpenedRepository,
  type OpenRepositoryOptions,
  type RepositoryLocation,
} from "./repository.ts";
