export type { CollectedGarbage, GarbageOptions } from "./garbage.ts";
export { createLayoutRegistry, type LayoutRegistry, type LayoutRegistryOptions } from "./layout-registry.ts";
export { createLayoutStore, type LayoutStore, type LayoutStoreOptions } from "./layout-store.ts";
export { verifyLayoutFiles } from "./layout-directory.ts";
export type { LayoutEntry } from "./layout-index.ts";
