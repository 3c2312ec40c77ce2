export { escapeText } from "./escape.ts";
