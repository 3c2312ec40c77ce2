export { escapeText } from "./escape.ts";
export { redactPlace } from "./redact-place.ts";
