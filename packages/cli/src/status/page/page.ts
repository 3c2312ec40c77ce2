/** A report -> one HTML file that fetches nothing and runs nothing. The same report makes the same bytes. Pure. */
import { createHash } from "node:crypto";
import { encodeJson } from "../../context/json.ts";
import type { StatusReport } from "../report/report.ts";
import { version } from "../../version.ts";
import { encodeCalendar } from "./calendar.ts";
import { delegationsSection } from "./delegation-tree.ts";
import { dangerousMarkup, encodeMarkup, html, type Markup } from "./markup.ts";
import {
  changesSection,
  keysSection,
  registrySection,
  rolesSection,
  timelineSection,
  waitingSection,
} from "./sections.ts";
import { style } from "./style.ts";
import { targetsSection, type Asking } from "./targets-section.ts";
import { verdictCard } from "./verdict-card.ts";
import { dateText } from "./words.ts";

/** The form of `status.json`. */
const schemaVersion = 1;

const styleHash = createHash("sha256").update(style).digest("base64");

/** What the page may do. Served, it may also send its form back. */
export function contentPolicy(asking: Asking): string {
  const form = asking === "form" ? "'self'" : "'none'";
  return `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action ${form}`;
}

export function encodeStatusJson(report: StatusReport): string {
  return `${encodeJson({ schemaVersion, ...report }, 2)}\n`;
}

export function encodePage(report: StatusReport, asking: Asking = "none"): string {
  const { place, at, verdict } = report;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentPolicy(asking)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>${verdict.says} ${place}</title>
        ${dangerousMarkup(`<style>${style}</style>`)}
      </head>
      <body>
        <a class="skip" href="#status">Skip to the status</a>
        <header class="top">
          <p><span class="place">${place}</span></p>
          <p>${viewLine(report)} Seen <time datetime="${at.toISOString()}">${dateText(at)}</time>.</p>
        </header>
        <main id="status" tabindex="-1">
          ${verdictCard(report)} ${releaseFacts(report)}
          ${timelineSection(report)}${waitingSection(report)}${targetsSection(report, asking)}${changesSection(report)}${rolesSection(report)}${keysSection(report)}${delegationsSection(report)}${registrySection(report)}
        </main>
        ${footer(report, asking)}
      </body>
    </html> `;
  return encodeMarkup(page);
}

function viewLine({ view }: StatusReport): string {
  return view === "client"
    ? "As a client with a pinned root sees it."
    : "As a client sees it, and as its publisher knows it.";
}

function releaseFacts({ release }: StatusReport): Markup | undefined {
  if (release === undefined) return undefined;
  const { root, timestamp, snapshot, targets } = release;
  const facts = Object.entries({ Release: timestamp, Snapshot: snapshot, Targets: targets, Root: root });
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function footer(report: StatusReport, asking: Asking): Markup {
  const { release, pin } = report;
  const json = asking === "form" ? "status.json" : dataUrl("application/json", encodeStatusJson(report));
  const calendar = asking === "form" ? "expiries.ics" : dataUrl("text/calendar", encodeCalendar(report));
  return html`<footer class="end">
    <p>
      This page proves nothing by itself, because a server or a mailbox could have changed it.
      <code>dtuf verify-repository</code> verifies.
    </p>
    ${release === undefined ? undefined : html`<p>Made from the snapshot with SHA-256 <span class="mono">${release.snapshotSha256}</span>${pin === undefined ? undefined : html`, verified from root ${pin.version}, SHA-256 <span class="mono">${pin.sha256}</span>`}.</p>`}
    <p>
      <a href="${json}" download="status.json">status.json</a> ·
      <a href="${calendar}" download="expiries.ics">Calendar of what expires</a> · dtuf ${version}
    </p>
  </footer>`;
}

/** Files that the page brings along. */
function dataUrl(type: string, text: string): string {
  return `data:${type};charset=utf-8;base64,${Buffer.from(text).toString("base64")}`;
}
