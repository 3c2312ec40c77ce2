/** The parts of the page below the verdict. Each is a function of its part of the report. */
import { describeCount } from "../../context/time.ts";
import type { Asked, Changes, Change, KeyFacts, Listing, RoleFacts, StatusReport } from "../report/report.ts";
import { html, type Content, type Markup } from "./markup.ts";
import { drawTimeline } from "./timeline.ts";
import { dateText, distanceText } from "./words.ts";

export function section(id: string, title: string, ...content: readonly Content[]): Markup {
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${content}
  </section> `;
}

export function moreLine({ more }: Listing<unknown>, what: string): Markup | undefined {
  return more === 0 ? undefined : html`<p class="more">And ${describeCount(more, `more ${what}`)}, not shown here.</p>`;
}

export function timelineSection(report: StatusReport): Markup | undefined {
  if (report.roles.shown.length === 0) return undefined;
  const isDrawn = report.roles.shown.some(({ signingDays }) => signingDays !== undefined);
  return section(
    "expiry",
    "What expires when",
    html`<p class="hint">
      The soonest comes first. Near days are drawn wide, far years
      narrow.${isDrawn ? " The line below a bar is the time in which the role is due." : ""} The table of roles says the
      same.
    </p>`,
    drawTimeline(report),
  );
}

export function rolesSection({ roles, at }: StatusReport): Markup | undefined {
  if (roles.shown.length === 0) return undefined;
  return section(
    "roles",
    "Roles",
    html`<p class="hint">A document counts when so many of its keys have signed it.</p>
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            ${["Role", "Signed", "Expires", "State"].map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${roles.shown.map((role) => roleRow(role, at))}
        </tbody>
      </table>`,
    moreLine(roles, "role"),
  );
}

const states = { good: "good", soon: "due", expired: "expired" } as const;

function roleRow({ role, delegator, version, expires, state, threshold, keys }: RoleFacts, at: Date): Markup {
  const tone = state === "expired" ? "bad" : state;
  const signed = keys.filter((key) => key.signed === true).length;
  const known = keys.some((key) => key.signed !== undefined);
  const names = keys.map(({ owner, fingerprint, signed: did }) => {
    const mark = did === undefined ? "" : did ? " signed" : " has not signed";
    return `${owner ?? fingerprint.slice(0, 8)}${mark}`;
  });
  const by = delegator === "root" ? undefined : html`<span class="sub">from ${delegator}</span>`;
  return html`<tr role="row">
    <td role="cell">${role} <span class="sub">version ${version}</span>${by}</td>
    <td role="cell" data-label="Signed:">
      ${known ? `${signed} of ${keys.length} keys` : `${keys.length} keys`}, ${threshold} needed<span class="sub"
        >${names.join(", ")}</span
      >
    </td>
    <td role="cell" data-label="Expires:">
      <time datetime="${expires.toISOString()}">${dateText(expires)}</time
      ><span class="sub">${distanceText(expires, at)}</span>
    </td>
    <td role="cell"><span class="tag ${tone}">${states[state]}</span></td>
  </tr> `;
}

export function keysSection({ keys }: StatusReport): Markup | undefined {
  if (keys.shown.length === 0) return undefined;
  return section(
    "keys",
    "Keys",
    html`<table role="table">
      <thead role="rowgroup">
        <tr role="row">
          ${["Key", "Kind", "Signs"].map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${keys.shown.map(keyRow)}
      </tbody>
    </table>`,
    moreLine(keys, "key"),
  );
}

function keyRow({ fingerprint, type, owner, signer, roles, ids }: KeyFacts): Markup {
  const notes = [
    ...(roles.length > 1 ? [`one key for ${roles.length} roles`] : []),
    ...(ids > 1 ? [`listed under ${ids} ids, counts once`] : []),
  ];
  return html`<tr role="row">
    <td role="cell">${owner ?? "no name"}<span class="sub mono">${fingerprint.slice(0, 16)}</span></td>
    <td role="cell" data-label="Kind:">
      ${type}${signer === undefined ? undefined : html`<span class="sub">signs by ${signer}</span>`}
    </td>
    <td role="cell" data-label="Signs:">
      ${roles.join(", ")}${notes.map((note) => html`<span class="sub">${note}</span>`)}
    </td>
  </tr> `;
}

const kinds: Readonly<Record<Change["kind"], readonly [label: string, tone: string]>> = {
  add: ["new", "good"],
  replace: ["changed", "plain"],
  remove: ["gone", "bad"],
  trust: ["trust", "soon"],
  version: ["version", "plain"],
};

export function changesSection({ changes }: StatusReport): Markup {
  return section("changes", "Changes since the last release", sinceLine(changes), changeLines(changes));
}

function sinceLine({ since, why }: Changes): Markup {
  const text =
    since === undefined
      ? `Nothing to compare with: ${why ?? "unknown"}.`
      : `Compared with release ${since.release}, the last one with another snapshot (${since.snapshot}).`;
  return html`<p class="hint">${text}</p>`;
}

function changeLines({ lines }: Changes): Content {
  if (lines.shown.length === 0) return undefined;
  return html`<ul class="lines">
      ${lines.shown.map(({ kind, what }) => {
        const [label, tone] = kinds[kind];
        return html`<li>
          <span><span class="tag ${tone}">${label}</span></span
          ><span>${what}</span>
        </li> `;
      })}
    </ul>
    ${moreLine(lines, "change")}`;
}

const answers: Readonly<Record<Asked["state"], string>> = { answered: "plain", absent: "plain", failed: "bad" };

export function registrySection({ registry }: StatusReport): Markup | undefined {
  if (registry.shown.length === 0) return undefined;
  const slowest = Math.max(...registry.shown.map(({ ms }) => ms));
  const failed = registry.shown.filter(({ state }) => state === "failed").length;
  return section(
    "registry",
    "What the registry answered",
    html`<p class="hint">
        ${describeCount(registry.shown.length + registry.more, "question")},
        ${failed === 0 ? "none failed" : `${failed} failed`}, the slowest took ${slowest} ms.
      </p>
      <details>
        <summary>Each question</summary>
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              ${["Asked for", "Answer", "Time"].map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
            </tr>
          </thead>
          <tbody role="rowgroup">
            ${registry.shown.map(
              ({ what, answer, state, ms }) =>
                html`<tr role="row">
                  <td role="cell">${what}</td>
                  <td role="cell" data-label="Answer:">
                    <span class="tag ${answers[state]}"
                      >${state === "failed" ? "failed" : state === "absent" ? "absent" : "ok"}</span
                    >
                    ${answer}
                  </td>
                  <td role="cell" data-label="Time:">${ms} ms</td>
                </tr> `,
            )}
          </tbody>
        </table>
        ${moreLine(registry, "question")}
      </details>`,
  );
}

export function waitingSection({ waiting }: StatusReport): Markup | undefined {
  if (waiting.shown.length === 0) return undefined;
  return section(
    "waiting",
    "Not published yet",
    html`<ul class="lines">
      ${waiting.shown.map(
        (what) =>
          html`<li>
            <span><span class="tag plain">waits</span></span
            ><span>${what}</span>
          </li> `,
      )}
    </ul>`,
    moreLine(waiting, "change"),
  );
}
