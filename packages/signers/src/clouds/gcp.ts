export { createGcpScheme } from "./gcp-signer.ts";
