/** Documents that @dtuf/tuf would not sign, properly signed all the same. */
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import type { TopLevelRole } from "@dtuf/tuf";

type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };
type Members = Record<string, Value>;

/** Changes the signed part of a role's published file and signs it anew. ASCII only: then sorted JSON is canonical. */
export async function forge(sim: TufSimulator, role: TopLevelRole, change: (signed: Members) => Value): Promise<void> {
  const name = role === "timestamp" ? "timestamp.json" : sim.fileName(role, sim[role].version);
  const { signed } = JSON.parse(Buffer.from(sim.files.get(name) ?? []).toString("utf8")) as { signed: Members };
  const text = JSON.stringify(sorted(change(signed)));
  const signatures: Value[] = [];
  for (const signer of sim.signers.get(role) ?? []) {
    const sig = Buffer.from(await signer.sign(Buffer.from(text))).toString("hex");
    signatures.push({ keyid: signer.keyId, sig });
  }
  sim.files.set(name, Buffer.from(`{"signatures":${JSON.stringify(signatures)},"signed":${text}}`));
}

function sorted(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.map(sorted);
  const entries = Object.entries(value).map(([name, member]) => [name, sorted(member)] as const);
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
