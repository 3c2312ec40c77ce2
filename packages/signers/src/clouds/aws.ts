export { createAwsScheme } from "./aws-signer.ts";
