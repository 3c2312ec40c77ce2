/** The table: one line for each measurement, and what reproduces it. */
import { medianOf, ratio, type Result } from "./compare.ts";

export interface Line {
  readonly what: string;
  readonly dtuf: string;
  readonly peers: string;
}

export interface LineOptions {
  /** Default: time and CPU. */
  readonly show?: readonly ("time" | "cpu" | "memory")[];
}

/** The first result is dtuf's; ×2 behind a peer's time means that it took twice as long as dtuf in the same round, so for CPU. */
export function lineOf(what: string, results: readonly Result[], { show = ["time", "cpu"] }: LineOptions = {}): Line {
  const [own, ...peers] = results;
  if (own === undefined) throw new TypeError("a line needs dtuf's own result");
  const parts = {
    time: formatMs(medianOf(own, "ms")),
    cpu: `CPU ${formatMs(medianOf(own, "cpuMs"))}`,
    memory: `peak ${formatMiB(medianOf(own, "peakKiB"))}`,
  };
  return {
    what,
    dtuf: own.failure ?? show.map((part) => parts[part]).join(", "),
    peers: peers.map((peer) => describePeer(own, peer)).join("; "),
  };
}

function describePeer(own: Result, peer: Result): string {
  if (peer.failure !== undefined) return `${peer.name}: fails`;
  const peak = formatMiB(medianOf(peer, "peakKiB"));
  const cpu = `CPU ×${ratio(own, peer, "cpuMs").toPrecision(2)}`;
  return `${peer.name} ${formatMs(medianOf(peer, "ms"))} (×${ratio(own, peer).toPrecision(2)}, ${cpu}, ${peak})`;
}

export function formatMs(ms: number): string {
  if (Number.isNaN(ms)) return "?";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

export function formatMiB(kib: number): string {
  return `${Math.round(kib / 1024)} MiB`;
}

export function formatBytes(bytes: number): string {
  if (bytes >= 1 << 20) return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  return bytes >= 1 << 10 ? `${(bytes / (1 << 10)).toFixed(1)} KiB` : `${bytes} B`;
}

export interface TableRow {
  readonly id: string;
  readonly lines: readonly Line[];
}

const cells = (...texts: readonly string[]): string => `| ${texts.join(" | ")} |`;

export const tableHead: string = [
  cells("what", "dtuf", "others, in the same rounds", "again with"),
  cells("---", "---", "---", "---"),
].join("\n");

export function formatRow({ id, lines }: TableRow): string {
  return lines.map(({ what, dtuf, peers }) => cells(what, dtuf, peers, `\`pnpm bench ${id}\``)).join("\n");
}
