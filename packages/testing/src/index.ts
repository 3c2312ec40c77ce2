export {
  createHostileRegistry,
  type Fault,
  type Feature,
  type HostileRegistry,
  type HostileRegistryOptions,
  type LoggedRequest,
  type RegistryAuth,
  type ScriptRule,
} from "./hostile-registry/hostile-registry.ts";
