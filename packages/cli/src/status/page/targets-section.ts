/** What a client gets for a name, with the way explained: for the first targets, and for a name that was asked for. */
import { describeBytes, describeCount } from "../../context/time.ts";
import type { Step, StatusReport, TargetFacts, Walk } from "../report/report.ts";
import { html, type Markup } from "./markup.ts";
import { moreLine, section } from "./sections.ts";

/** "form": the page is served, and a name can be asked for. */
export type Asking = "form" | "none";

export function targetsSection({ targets }: StatusReport, asking: Asking): Markup {
  const { shown, bins, asked } = targets;
  const inBins = bins === 0 ? "" : ` The targets of ${bins} hash bins are not listed.`;
  const hint =
    shown.length === 0 ? `No target is listed.${inBins}` : `Open a name to see which role answers for it.${inBins}`;
  return section(
    "targets",
    "What a client gets",
    html`<p class="hint">${hint}</p>`,
    asking === "form" ? askForm(asked?.path ?? "") : undefined,
    asked === undefined
      ? undefined
      : html`<div class="answer">
          <h3>${asked.path}</h3>
          ${describeWalk(asked)}
        </div>`,
    shown.map(drawTarget),
    moreLine(targets, "target"),
  );
}

function askForm(name: string): Markup {
  return html`<form method="get" action="./">
    <label
      >Name of a target<input
        name="name"
        value="${name}"
        maxlength="1024"
        autocomplete="off"
        spellcheck="false" /></label
    ><button>Ask</button>
  </form>`;
}

function drawTarget(target: TargetFacts): Markup {
  const { path, found, listedBy } = target;
  const size =
    found === undefined
      ? html`<span class="tag soon">not served</span>`
      : html`<span class="size">${describeBytes(found.length)}</span>`;
  const shadow =
    found === undefined || found.role === listedBy
      ? undefined
      : html` <span class="tag soon">${found.role} wins over ${listedBy}</span>`;
  return html`<details class="target">
    <summary><span class="name">${path}${shadow}</span>${size}</summary>
    <div class="inside">${describeWalk(target)}</div>
  </details> `;
}

function describeWalk({ found, why, steps }: Walk): Markup {
  return html`${found === undefined ? html`<p>A client gets nothing: ${why ?? "unknown"}.</p>` : describeFound(found)}
    <ol class="walk">
      ${steps.map(describeStep)}
    </ol>`;
}

function describeFound({ role, length, hashes, custom }: NonNullable<Walk["found"]>): Markup {
  return html`<dl class="about">
    <dt>Answered by</dt>
    <dd>${role}</dd>
    <dt>Length</dt>
    <dd>${describeCount(length, "byte")}</dd>
    ${hashes.map(
      ({ algorithm, digest }) =>
        html`<dt>${algorithm}</dt>
          <dd class="mono">${digest}</dd>`,
    )}${
      custom === undefined
        ? undefined
        : html`<dt>Signed with it</dt>
            <dd class="mono">${custom}</dd>`
    }
  </dl>`;
}

function describeStep({ role, delegator, why, outcome }: Step): Markup {
  const said = outcome === "found" ? "lists it" : "does not list it";
  return html`<li><strong>${role}</strong> ${said} <span class="why">(from ${delegator}: ${why})</span></li>`;
}
