export { createAzureScheme, type AzureOptions } from "./azure-signer.ts";
