// A separate entry for lists and patterns, because YAML, RE2 and versions take a tenth of a second to load.
export { listSourceList } from "./list-registries.ts";
export { parseSourceList } from "./source-list.ts";
export { parseSemverConstraint, parseTagRegex } from "./tag-pattern.ts";
