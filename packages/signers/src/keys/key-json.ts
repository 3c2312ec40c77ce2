/** `{keytype, keyval: {private}}` of securesystemslib as PEM: 32 bytes in hex for ed25519, else PEM already. */
export function pemOfJson(text: string): string {
  const { keytype, keyval } = JSON.parse(text) as { keytype: string; keyval: { private: string } };
  if (keytype !== "ed25519") return keyval.private;
  if (!/^[0-9a-f]{64}$/.test(keyval.private)) throw new TypeError("wanted 32 bytes in hex");
  const der = Buffer.from(`302e020100300506032b657004220420${keyval.private}`, "hex");
  return `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`;
}
