/**
 * A simulator's files as a source of @dtuf/copy, without a server: every request is recorded, and a test may replace any
 * answer. The types are structural, because this package does not depend on @dtuf/copy.
 */
import { blobDigest } from "@dtuf/format";
import type { ByteStream, Digest } from "@dtuf/registry";
import type { TargetFile } from "@dtuf/tuf";
import type { TufSimulator } from "./tuf-simulator.ts";

export interface SimulatedRequest {
  readonly role: string;
  readonly version: number | undefined;
}

interface SimulatedPart {
  readonly digest: Digest;
  readonly size: number;
}

export interface SimulatorSource {
  readonly sites: readonly {
    readonly name: string;
    openView(): {
      findMetadata(request: SimulatedRequest & { readonly maxBytes: number }): Promise<Uint8Array | undefined>;
    };
    openPart(
      target: { readonly path: string },
      part: SimulatedPart,
    ): Promise<{ readonly from: number; readonly stream: ByteStream } | undefined>;
    parts(target: { readonly file: TargetFile }): readonly SimulatedPart[];
  }[];
  /** `2.root`, `timestamp` … and target paths, in the order of the requests. */
  readonly requests: string[];
}

export interface SimulatorSourceOptions {
  readonly name?: string;
  /** The answer to a metadata request; "serve": what the simulator published. May throw. */
  readonly answer?: (request: SimulatedRequest) => Uint8Array | undefined | "serve";
  /** The bytes sent for a target. Default: the simulator's. */
  readonly target?: (path: string) => Uint8Array | undefined;
}

export function createSimulatorSource(sim: TufSimulator, options: SimulatorSourceOptions = {}): SimulatorSource {
  const { name = "simulator", answer = () => "serve", target = (path) => sim.targetFiles.get(path) } = options;
  const requests: string[] = [];
  const site: SimulatorSource["sites"][number] = {
    name,
    openView: () => ({
      async findMetadata({ role, version, maxBytes }) {
        requests.push(version === undefined ? role : `${version}.${role}`);
        const answered = answer({ role, version });
        const file = version === undefined ? `${role}.json` : `${version}.${role}.json`;
        return answered === "serve" ? sim.files.get(file)?.subarray(0, maxBytes) : answered;
      },
    }),
    async openPart({ path }) {
      requests.push(path);
      const bytes = target(path);
      return bytes === undefined ? undefined : { from: 0, stream: chunks(bytes) };
    },
    parts: ({ file }) => (file.length === 0 ? [] : [{ digest: blobDigest(file.hashes), size: file.length }]),
  };
  return { sites: [site], requests };
}

async function* chunks(bytes: Uint8Array): ByteStream {
  for (let offset = 0; offset < bytes.length; offset += 65_536) yield bytes.subarray(offset, offset + 65_536);
}
