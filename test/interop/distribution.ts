/**
 * OCI's conformance suite for registries, run against the hostile registry of packages/testing with its faults off: what
 * our tests call a registry has to be one. Go fetches and builds the suite.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createHostileRegistry } from "@dtuf/testing";
import type { Outcome } from "./outcome.ts";

const suite = "github.com/opencontainers/distribution-spec/conformance";
const version = "v0.0.0-20260831232431-97274622c111";
const peer = `OCI's distribution conformance suite (${version})`;

export async function runDistribution(): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "distribution-"));
  try {
    const go = process.env["DTUF_PEER_GO"] ?? "go";
    const env = { ...process.env, GOBIN: folder };
    const built = await promisify(execFile)(go, ["install", `${suite}@${version}`], { env }).then(
      () => true,
      () => false,
    );
    if (!built) return { kind: "missing", peer, install: "install Go 1.22 or newer" };
    await using registry = await createHostileRegistry();
    return await judge(join(folder, "conformance"), registry.host, join(folder, "results"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function judge(program: string, host: string, results: string): Promise<Outcome> {
  const settings = {
    OCI_REGISTRY: host,
    OCI_TLS: "disabled",
    OCI_API_MANIFESTS_TAG_PARAM: "true",
    OCI_API_BLOBS_UPLOAD_CANCEL: "true",
    OCI_RESULTS_DIR: results,
  };
  const child = spawn(program, [], { env: { ...process.env, ...settings }, stdio: "ignore" });
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const report = await readFile(join(results, "junit.xml"), "utf8");
  const cases = [...report.matchAll(/<testcase name="([^"]*)"[^>]*? status="([^"]*)"/g)];
  const faults = cases.filter(([, , result]) => result !== "passed").map(([, name, result]) => `${name}: ${result}`);
  if (cases.length === 0 || (status !== 0 && faults.length === 0)) faults.push(`the suite ended with ${status}`);
  return { kind: "ran", peer, did: `${cases.length - faults.length} of ${cases.length} cases pass`, faults };
}
