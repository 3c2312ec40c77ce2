/** A software bill of materials (CycloneDX 1.6) for each package: what it is made of, or needs when it is installed. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { root } from "./bundle.ts";

const run = promisify(execFile);

interface Part {
  readonly "bom-ref": string;
}

interface Bom {
  readonly metadata: { readonly timestamp: string };
  readonly components: readonly Part[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

export interface SbomOptions {
  /** `name@version` of the packages whose code is in the package itself; undefined: it needs what its manifest names. */
  readonly bundled?: ReadonlySet<string> | undefined;
  /** In seconds since 1970, of the sources. Two builds of the same sources write the same bytes. */
  readonly time: number;
}

/** @returns JSON. @throws Error if a bundled package is not in the list that pnpm makes */
export async function describeParts(name: string, { bundled, time }: SbomOptions): Promise<string> {
  const words = ["sbom", "--sbom-format", "cyclonedx", "--sbom-spec-version", "1.6", "--filter", name];
  const kind = bundled === undefined ? ["--prod", "--exclude-peers"] : ["--sbom-type", "application"];
  const { stdout } = await run("pnpm", [...words, ...kind], { cwd: root, maxBuffer: 1 << 28 });
  const bom = JSON.parse(stdout) as Bom;
  const isPart = await partsOf(bom, bundled);
  const own = {
    ...bom,
    serialNumber: undefined,
    metadata: { ...bom.metadata, timestamp: new Date(time * 1000).toISOString() },
    components: bom.components.filter((part) => isPart(part["bom-ref"])).toSorted(byReference),
    dependencies: bom.dependencies
      .filter(({ ref }) => isPart(ref) || !bom.components.some((part) => part["bom-ref"] === ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(isPart).toSorted() }))
      .toSorted((a, b) => (a.ref < b.ref ? -1 : 1)),
  };
  return `${JSON.stringify({ ...own, serialNumber: nameOf(JSON.stringify(own)) }, undefined, 2)}\n`;
}

async function partsOf(bom: Bom, bundled: ReadonlySet<string> | undefined): Promise<(reference: string) => boolean> {
  const listed = new Set(bom.components.map((part) => part["bom-ref"]));
  if (bundled === undefined) return (reference) => listed.has(reference);
  const wanted = new Set([...bundled].map((each) => `pkg:npm/${each.replace(/^@/, "%40")}`));
  const missing = [...wanted].filter((reference) => !listed.has(reference));
  if (missing.length > 0) throw new Error(`not in pnpm's list of packages: ${missing.join(", ")}`);
  return (reference) => wanted.has(reference);
}

const byReference = (a: Part, b: Part): number => (a["bom-ref"] < b["bom-ref"] ? -1 : 1);

/** A UUID of the content instead of a random one (RFC 9562, version 8). */
function nameOf(content: string): string {
  const hex = createHash("sha256").update(content).digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  const fields = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(18, 20),
    hex.slice(20, 32),
  ];
  return `urn:uuid:${fields.join("-")}`;
}
