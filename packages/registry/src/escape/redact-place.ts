/**
 * Cuts userinfo and a query from where something is, as it was given: a reference, a URL in any form that `URL` takes, or a text
 * that is neither because somebody wrote it wrongly. For messages: a password may stand in it. `@sha256:…` stays, and so do
 * directories (`oci:DIR`, `/DIR`). Returns the text itself if there is nothing to cut.
 */
export function redactPlace(text: string): string {
  // As `URL` does, so that no form is missed that it takes.
  const plain = text.replaceAll(/[\t\n\r]/g, "").replace(/^[\0-\x20]+/, "");
  const [scheme = ""] = schemePattern.exec(plain) ?? [];
  const rest = plain.slice(scheme.length);
  const end = isDirectory(plain) ? endOfFirstUserinfo(rest) : endOfUserinfo(rest);
  const shown = `${end > 0 ? "…@" : ""}${rest.slice(end > 0 ? end + 1 : 0)}`;
  const cut = scheme === "" || isDirectory(plain) ? shown : shown.replace(/[?#].*$/s, "?…");
  return cut === rest ? text : `${scheme}${cut}`;
}

const schemePattern = /^(?:[a-z][a-z\d+.-]*:(?=[/\\])|(?:https?|docker|oci|oci-archive|dir):)[/\\]*/i;

/** `oci://host` is how other tools write a registry. */
function isDirectory(plain: string): boolean {
  return /^(?:(?:oci|oci-archive|dir):(?![/\\]{2}[^/\\])|[.~]|[/\\](?![/\\]))/i.test(plain);
}

/** In a directory's name `@` is a letter, unless it stands as in `user:password@host`. */
function endOfFirstUserinfo(rest: string): number {
  const [first = ""] = /^[^/\\]*/.exec(rest) ?? [];
  const end = endOfUserinfo(first);
  return first.slice(0, end).includes(":") ? end : -1;
}

/** The last `@` that does not begin a digest: a password may contain `@` and `/`. */
function endOfUserinfo(rest: string): number {
  const digest = /@(?:sha\d+:|[a-z\d+._-]+:[\da-f]{32})[^@]*$/i.exec(rest);
  return rest.lastIndexOf("@", digest === null ? undefined : digest.index - 1);
}
