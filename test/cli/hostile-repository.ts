/** Repositories whose signed metadata holds whatever its grammar allows: names that attack what shows them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createTestSigner } from "@dtuf/testing/keys";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath, type Signer } from "@dtuf/tuf";
import type { Machine } from "./machine.ts";

export const repo = "fred/demo";

/** Markup, quotes, ends of comments and elements, marks of direction, line ends, entities, very long words. */
export const hostileTexts: readonly string[] = [
  `<script>document.title="owned"</script>`,
  `"><img src=x onerror=document.title="owned">`,
  `' onmouseover='document.title="owned"`,
  `</title></style></svg></textarea><iframe srcdoc="<script>1</script>">`,
  `--><a href="javascript:document.title='owned'">x</a>`,
  `\u202egpj.exe\u2066\u2069`,
  `line\nend\rand\ttab\u2028\u2029\u0085\u001b[31m`,
  `&lt;b&gt;&#0;&amp`,
  "`${document.title}`{{7*7}}",
  "long".repeat(300),
];

/** Writes the release into the machine's embedded registry, and `root.json`. */
export async function publishSimulated(machine: Machine, sim: TufSimulator): Promise<void> {
  const directory = join(machine.directory, "registry", repo);
  await mkdir(directory, { recursive: true });
  // Content of targets is of no interest here.
  const release = { ...sim, targets: { ...sim.targets, targets: new Map() }, targetFiles: new Map() };
  await publishToStore(release, createLayoutStore({ directory }));
  await writeFile(join(machine.directory, "root.json"), sim.files.get("1.root.json") ?? "");
}

export async function createHostileRepository(machine: Machine): Promise<TufSimulator> {
  const sim = await createTufSimulator();
  for (const [at, text] of hostileTexts.entries()) {
    sim.addTarget(text, Buffer.from("x"), { custom: { [text]: [text, { html: text }] } });
    const role = sim.addDelegation("targets", {
      ...{ name: `${at} ${text}`, terminating: at % 2 === 0, signers: [ownedSigner(text)] },
      ...(at % 3 === 0 ? { pathHashPrefixes: ["ab"] } : { paths: [text, `${text}/*`] }),
    });
    role.targets.set(parseTargetPath(`${text}/in a role`), {
      length: 1,
      hashes: new Map([["sha256", "ab".repeat(32)]]),
      unrecognized: { [text]: text },
    });
    role.unrecognized = { [text]: text };
  }
  await sim.publishRelease();
  await publishSimulated(machine, sim);
  return sim;
}

/** A key that says whose it is, and where it signs. */
function ownedSigner(text: string): Signer {
  const signer = createTestSigner();
  const unrecognized = { "x-tuf-on-ci-keyowner": text, "x-tuf-on-ci-online-uri": text };
  return { ...signer, key: { ...signer.key, unrecognized } };
}
