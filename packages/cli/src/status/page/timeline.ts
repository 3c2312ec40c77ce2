/** Until when each role is valid, drawn: a bar from now to its end, on a scale that shows hours and years. Pure. */
import { dayMs, hourMs } from "../../context/settings/setting-kinds.ts";
import type { RoleFacts, StatusReport } from "../report/report.ts";
import { html, type Markup } from "./markup.ts";
import { dateText, distanceText, shorten } from "./words.ts";

const barsMax = 20;
const rowHeight = 46;
const topHeight = 26;

const ticks: readonly (readonly [label: string, ms: number])[] = [
  ["1 day", dayMs],
  ["1 week", 7 * dayMs],
  ["1 month", 30 * dayMs],
  ["3 months", 91 * dayMs],
  ["1 year", 365 * dayMs],
];

export function drawTimeline({ roles, at }: Pick<StatusReport, "roles" | "at">): Markup {
  const soonest = roles.shown.toSorted((a, b) => a.expires.getTime() - b.expires.getTime());
  const drawn = soonest.slice(0, barsMax);
  const more = soonest.length - drawn.length + roles.more;
  const end = Math.max(2 * 365 * dayMs, ...drawn.map(({ expires }) => expires.getTime() - at.getTime()));
  const place = (ms: number): number =>
    (100 * Math.log1p(Math.max(0, ms) / (6 * hourMs))) / Math.log1p(end / (6 * hourMs));
  const height = topHeight + drawn.length * rowHeight;
  const label = drawn.map((role) => `${role.role} ${distanceText(role.expires, at)}`).join("; ");
  return html`<svg class="time" height="${height}" role="img" aria-labelledby="time-title time-text">
      <title id="time-title">How long each role is valid</title>
      <desc id="time-text">${label}</desc>
      <text x="0" y="12">now</text>
      ${ticks.map(([name, ms]) => drawTick(name, place(ms), height))}
      ${drawn.map((role, row) => drawRole(role, { row, at, place }))}</svg
    >${more === 0 ? undefined : html`<p class="more">${more} more roles are not drawn.</p>`}`;
}

/** A narrow screen has no room for every label. */
function drawTick(name: string, at: number, height: number): Markup {
  const x = `${at.toFixed(2)}%`;
  const label = name === "3 months" ? "label extra" : "label";
  return html`<line class="tick" x1="${x}" x2="${x}" y1="18" y2="${height}" /><text
      class="${label}"
      x="${x}"
      y="12"
      text-anchor="middle"
      >${name}</text
    >`;
}

interface Drawing {
  readonly row: number;
  readonly at: Date;
  readonly place: (ms: number) => number;
}

function drawRole({ role, expires, state, signingDays }: RoleFacts, { row, at, place }: Drawing): Markup {
  const left = expires.getTime() - at.getTime();
  const [top, width] = [topHeight + row * rowHeight, Math.max(place(left), 0.75)];
  const due = signingDays === undefined || left <= 0 ? undefined : place(left - signingDays * dayMs);
  const bar = state === "expired" ? "badBar" : `${state}Bar`;
  return html`<g
    ><text class="name" x="0" y="${top + 13}">${shorten(role, 22)}</text
    ><text x="100%" y="${top + 13}" text-anchor="end"
      >${distanceText(expires, at)}<title>${dateText(expires)}</title></text
    >
    <rect class="track" x="0" y="${top + 20}" width="100%" height="10" rx="5" /><rect
      class="${bar}"
      x="0"
      y="${top + 20}"
      width="${width.toFixed(2)}%"
      height="10"
      rx="5"
    />${
      due === undefined
        ? undefined
        : html`<rect
            class="window"
            x="${due.toFixed(2)}%"
            y="${top + 32}"
            width="${(width - due).toFixed(2)}%"
            height="3"
            ><title>may be signed again</title></rect
          >`
    }</g
  >`;
}
