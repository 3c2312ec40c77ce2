/** host from to digest size: makes a blob of one repository present in another. */
import { mediaTypes, parseDigest } from "@dtuf/registry";
import { createRegistryClient } from "@dtuf/registry/remote";

const [registry = "", from = "", to = "", digest = "", size = ""] = process.argv.slice(2);
const now = (): Date => new Date();
const client = createRegistryClient({
  ...{ registry, scheme: "http", now, random: Math.random },
  transport: { now, random: Math.random },
});
const blob = { mediaType: mediaTypes.octetStream, digest: parseDigest(digest), size: Number(size) };
if (!(await client.repository(to).mount(blob, from))) throw new Error("the registry would not mount");
await client.close();
