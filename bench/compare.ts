/** Contenders one after the other, round after round, so that whatever else the machine does meets all of them alike. */
import { CommandError, runCommand, type Command, type Sample } from "./child.ts";

export interface Contender {
  readonly name: string;
  /** Prepares a round, untimed, and says what to run. */
  readonly prepare: () => Promise<Command>;
  /** Looks at what the round brought, untimed. @throws where it is not what was wanted */
  readonly check?: () => Promise<void>;
}

export interface Result {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** Why there are none. */
  readonly failure?: string;
}

export async function compare(contenders: readonly Contender[], rounds: number): Promise<readonly Result[]> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  const failures = new Map<string, string>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, prepare, check } of contenders) {
      if (failures.has(name)) continue;
      try {
        const sample = await runCommand(await prepare());
        await check?.();
        samples.get(name)?.push(sample);
      } catch (error) {
        failures.set(name, String(error instanceof CommandError ? error.message : error));
      }
    }
  }
  return contenders.map(({ name }) => {
    const failure = failures.get(name);
    return { name, samples: samples.get(name) ?? [], ...(failure === undefined ? {} : { failure }) };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function medianOf(result: Result | undefined, what: "ms" | "cpuMs" | "peakKiB"): number {
  return median((result?.samples ?? []).map((sample) => sample[what]));
}

/** Median over the rounds of what the peer took, as a multiple of what dtuf took in the same round. */
export function ratio(dtuf: Result, peer: Result, what: "ms" | "cpuMs" = "ms"): number {
  const paired = peer.samples.flatMap((sample, round) => {
    const own = dtuf.samples[round];
    return own === undefined ? [] : [sample[what] / own[what]];
  });
  return median(paired);
}
