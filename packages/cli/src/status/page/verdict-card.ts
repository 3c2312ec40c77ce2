/** The verdict: what somebody who is worried reads first. Its state is told by words and by shape, not by colour alone. */
import type { StatusReport, Verdict } from "../report/report.ts";
import { html, type Markup } from "./markup.ts";
import { describeMs } from "../../context/time.ts";
import { dateText, distanceText } from "./words.ts";

export type Tone = "good" | "soon" | "bad" | "plain";

const tones: Readonly<Record<Verdict["state"], Tone>> = {
  good: "good",
  soon: "soon",
  expired: "bad",
  refused: "bad",
  absent: "plain",
  unreachable: "soon",
  unchecked: "plain",
};

export function toneOf({ state }: Pick<Verdict, "state">): Tone {
  return tones[state];
}

/** A circle, a triangle, an octagon, a square. */
const shapes: Readonly<Record<Tone, Markup>> = {
  good: html`<circle cx="20" cy="20" r="17" /><path d="M12.5 20.5l5 5 10-10.5" />`,
  soon: html`<path d="M20 4.5l16.5 29.5h-33z" /><path d="M20 15.5v9M20 29v.5" />`,
  bad: html`<path d="M13 3h14l10 10v14l-10 10h-14l-10-10v-14z" /><path d="M14 14l12 12M26 14l-12 12" />`,
  plain: html`<rect x="4" y="4" width="32" height="32" rx="6" /><path d="M20 18v10M20 12v.5" />`,
};

export function verdictCard({ verdict, at }: Pick<StatusReport, "verdict" | "at">): Markup {
  const { says, why, until, first, code, next } = verdict;
  const tone = toneOf(verdict);
  return html`<div class="verdict ${tone}">
    <svg
      viewBox="0 0 40 40"
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      stroke-width="2.5"
      stroke-linecap="round"
      stroke-linejoin="round"
    >
      ${shapes[tone]}
    </svg>
    <div>
      <h1>${says}</h1>
      ${why === undefined ? undefined : html`<p class="until">Because ${why}.</p>`}
      ${until === undefined ? undefined : untilLine(until, { first, at })}
      ${code === undefined ? undefined : html`<p class="code">Code <code>${code}</code></p>`}
      ${
        next.length === 0
          ? undefined
          : html`<ul>
              ${next.map((step) => html`<li>${step}</li>`)}
            </ul>`
      }
    </div>
  </div>`;
}

function untilLine(until: Date, { first, at }: { readonly first: string | undefined; readonly at: Date }): Markup {
  const instant = html`<strong><time datetime="${until.toISOString()}">${dateText(until)}</time></strong>`;
  if (until <= at)
    return html`<p class="until">Since ${instant}, ${describeMs(at.getTime() - until.getTime())} ago.</p>`;
  const role = first ?? "a role";
  return html`<p class="until">
    Good until ${instant} (${distanceText(until, at)}), when ${role} expires unless it is signed again.
  </p>`;
}
