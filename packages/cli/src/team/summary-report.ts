/** What a proposal changes, as lines that a person reads before signing. */
import type { KeyLine, Periods, ProposalReview, ProposalSummary, SignatureNeed } from "@dtuf/master";
import { describeBytes } from "../context/time.ts";
import { fieldLines } from "../targets/changed-fields.ts";

export function reviewLines(review: Omit<ProposalReview, "missing">): readonly string[] {
  const { name, number, hash, base, state, summary, signatures } = review;
  return [
    `proposal: ${name}, number ${number}, ${states[state]}`,
    `hash: ${hash}`,
    `built on: release ${base}`,
    ...summaryLines(summary),
    ...signatures.map(signatureLine),
  ];
}

const states: Readonly<Record<ProposalReview["state"], string>> = {
  open: "signatures are missing",
  ready: "all signatures are there",
  published: "published",
};

export function summaryLines({ documents, trust, periods, targets }: ProposalSummary): readonly string[] {
  return [
    ...documents.map(documentLine),
    ...documents.flatMap(({ role, otherFields }) =>
      otherFields.length === 0 ? [] : [`${role}: other fields change: ${otherFields.join(", ")}`],
    ),
    ...trust.flatMap(trustLines),
    ...periods.map(periodLine),
    ...targets.flatMap(targetLines),
  ];
}

function documentLine({ role, bins, before, after }: ProposalSummary["documents"][number]): string {
  if (bins !== undefined)
    return `${bins} hash bins from ${role} on: versions up to ${after.version}, expire ${after.expires.toISOString()} or later`;
  // Of what is published, nothing changes.
  if (before?.version === after.version)
    return `${role}: version ${after.version}, expires ${after.expires.toISOString()}`;
  const from = before === undefined ? "new" : `${before.version} ->`;
  const expired = before === undefined ? "" : ` (was ${before.expires.toISOString()})`;
  return `${role}: version ${from} ${after.version}, expires ${after.expires.toISOString()}${expired}`;
}

function trustLines({ role, in: within, change, ...trust }: ProposalSummary["trust"][number]): readonly string[] {
  const { keysIn, keysOut, threshold, scope } = trust;
  const verb = change === "add" ? "new delegation to" : change === "remove" ? "no more delegation to" : "keys of";
  const of = within === "root" ? `${verb} ${role}` : `${verb} ${role}, by ${within}`;
  const isSame = threshold.before === threshold.after;
  return [
    ...keysIn.map((key) => `${of}: in ${keyText(key)}`),
    ...keysOut.map((key) => `${of}: out ${keyText(key)}`),
    ...(isSame ? [] : [`${of}: threshold ${threshold.before ?? "none"} -> ${threshold.after ?? "none"}`]),
    ...(scope === undefined || scope.before === scope.after
      ? []
      : [`${of}: may sign ${scope.before ?? "nothing"} -> ${scope.after ?? "nothing"}`]),
  ];
}

function periodLine({ role, before, after }: ProposalSummary["periods"][number]): string {
  return `${role}: periods ${periodText(before)} -> ${periodText(after)}`;
}

function periodText(periods: Periods | undefined): string {
  return periods === undefined
    ? "of each machine"
    : `valid for ${periods.expiryDays} days, due ${periods.signingDays} before the end`;
}

function targetLines({
  role,
  path,
  change,
  size,
  sha256,
  fields,
}: ProposalSummary["targets"][number]): readonly string[] {
  const sizes = [size.before, size.after].flatMap((bytes) => (bytes === undefined ? [] : [describeBytes(bytes)]));
  const digest = sha256 === undefined ? "" : `, sha256 ${sha256}`;
  return [
    `${role}: ${change} ${path}, ${sizes.join(" -> ")}${digest}`,
    ...fieldLines(fields).map((line) => `${role}: ${path}: ${line}`),
  ];
}

function signatureLine(need: SignatureNeed): string {
  const { role, bins, version, of, threshold, signed, missing } = need;
  const what = bins === undefined ? `${role} ${version}` : `${bins} hash bins from ${role} on`;
  const by = signed.length === 0 ? "nobody" : signed.map(({ owner, fingerprint }) => owner ?? fingerprint).join(", ");
  const left = missing.length === 0 ? "" : `; missing: ${missingOf(need)}`;
  return `${what}: signed by ${by}, ${signed.length} of ${threshold} by ${of}${left}`;
}

/** Not all of those who have not signed must. */
function missingOf({ threshold, signed, missing }: SignatureNeed): string {
  const any = threshold - signed.length < missing.length ? `any ${threshold - signed.length} of ` : "";
  return `${any}${missing.join(", ")}`;
}

/** `any 1 of alice, bob`: those whose signatures the documents still need. */
export function missingText(signatures: readonly SignatureNeed[]): string {
  return [...new Set(signatures.filter(({ missing }) => missing.length > 0).map(missingOf))].join("; ");
}

function keyText({ owner, fingerprint }: KeyLine): string {
  return owner === undefined ? fingerprint : `${fingerprint} of ${owner}`;
}
