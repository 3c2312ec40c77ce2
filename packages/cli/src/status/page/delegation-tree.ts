/** The delegations as a tree that opens and closes without a script. */
import { describeCount } from "../../context/time.ts";
import type { DelegationFacts, Listing, StatusReport } from "../report/report.ts";
import { html, type Markup } from "./markup.ts";
import { moreLine, section } from "./sections.ts";

export function delegationsSection({ delegations }: StatusReport): Markup {
  const hint =
    delegations.shown.length === 0
      ? "The targets role signs every target itself."
      : "The targets role comes first, then these in their order: the first role that lists a name wins.";
  return section("delegations", "Who may sign what", html`<p class="hint">${hint}</p>`, drawTree(delegations));
}

function drawTree(delegations: Listing<DelegationFacts>): Markup | undefined {
  if (delegations.shown.length === 0) return undefined;
  return html`<ul class="tree">
      ${delegations.shown.map(drawNode)}
    </ul>
    ${moreLine(delegations, "delegation")}`;
}

function drawNode(node: DelegationFacts): Markup {
  const inner = drawTree(node.delegations);
  const about = html`${drawNames(node)}${drawWarnings(node)}`;
  const head = html`<span class="order">${node.order}.</span
    ><strong>${node.role}</strong> ${node.terminating ? html`<span class="tag plain">terminating</span>` : undefined}
    ${node.neverAskedBecauseOf === undefined ? undefined : html`<span class="tag bad">never asked</span>`}`;
  if (inner === undefined) return html`<li>${head}${about}</li> `;
  return html`<li>
    <details class="node" open>
      <summary>${head}</summary>
      ${about}${inner}
    </details>
  </li> `;
}

function drawNames(node: DelegationFacts): Markup {
  const { paths, prefixes, bins, threshold, keys, version, targets, unread } = node;
  const code = (text: string): Markup => html`<code>${text === "" ? "(every name)" : text}</code> `;
  const more = paths.more + prefixes.more;
  const names =
    bins === undefined
      ? html`${paths.shown.map(code)}${prefixes.shown.length === 0 ? undefined : html`hashes ${prefixes.shown.map(code)}`}${more === 0 ? undefined : `and ${more} more`}`
      : html`${bins} hash bins: every name belongs to one of them`;
  const facts = [
    `${threshold} of ${describeCount(keys, "key")}`,
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(targets === undefined ? [] : [describeCount(targets, "target")]),
    ...(unread === undefined ? [] : [`not read: ${unread}`]),
  ];
  return html`<p>${names}</p>
    <p class="about">${facts.join(" · ")}</p>`;
}

function drawWarnings({ neverAskedBecauseOf, after }: DelegationFacts): Markup | undefined {
  if (neverAskedBecauseOf !== undefined) {
    return html`<p class="warn">
      Shadowed: ${neverAskedBecauseOf} is terminating and takes every name of this role first.
    </p>`;
  }
  if (after.length === 0) return undefined;
  return html`<p class="about">
    Shares names with ${after.slice(0, 5).join(", ")}${after.length > 5 ? ` and ${after.length - 5} more` : ""}, which
    ${after.length === 1 ? "wins" : "win"}.
  </p>`;
}
