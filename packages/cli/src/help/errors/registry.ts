import type { OciErrorCode } from "@dtuf/registry";
import { noRisk, type ErrorEntries } from "./entry.ts";

export const registryErrors: ErrorEntries<OciErrorCode> = {
  OCI_REFERENCE_INVALID: {
    cause: "A repository's or an image's name is not written as OCI has it.",
    risk: noRisk,
    mend: "Write `fred/demo`, `host[:port]/fred/demo` or `oci:DIR`: lower case, digits, and . _ - between them.",
  },
  OCI_DIGEST_INVALID: {
    cause: "A word that must be a digest is not one, or its algorithm is not known.",
    risk: noRisk,
    mend: "Write `sha256:` and 64 lower-case hex digits; `dtuf resolve <repo> <alias>` prints a digest.",
  },
  OCI_TAG_INVALID: {
    cause: "A word that must be an alias (a tag) is not one.",
    risk: noRisk,
    mend: "Use at most 128 of A-Z a-z 0-9 _ . -, the first of them no . and no -.",
  },
  OCI_DESCRIPTOR_INVALID: {
    cause: "A manifest describes content wrongly: no digest, no size, or a value of the wrong type.",
    risk: "A faulty publisher's tool, or a registry that was tampered with. Nothing of it was used.",
    mend: "Publish again, or pull from another source with `--mirror`. Tell the publisher.",
  },
  OCI_MANIFEST_INVALID: {
    cause: "The bytes of a manifest are not an OCI or Docker manifest.",
    risk: "A proxy that answers for the registry, a faulty tool, or tampering. Nothing of it was used.",
    mend: "Look at it with `dtuf get-manifest <repo> <alias>`; try without the proxy, or another source with `--mirror`.",
  },
  OCI_DIGEST_MISMATCH: {
    cause: "Bytes were received whole and are not those that their digest names.",
    risk: "A damaged disk or proxy, or an attack. The bytes were thrown away: none was written under its final name.",
    mend: "Run the command again; if it stays, use another source with `--mirror` and tell who runs the registry.",
  },
  OCI_SIZE_MISMATCH: {
    cause: "Content ended before its size, or went on beyond it.",
    risk: "A cut connection, or endless data as an attack. The bytes were thrown away.",
    mend: "Run the command again; if it stays, use another source with `--mirror`.",
  },
  OCI_HASHING_FAILED: {
    cause:
      "The thread that computes the digest of a large content ended before it was done, for want of memory or because something ended it.",
    risk: "None: content whose digest is not known counts as wrong, and nothing of it was kept.",
    mend: "Run the command again; if it stays, free memory.",
  },
  OCI_LIMIT_EXCEEDED: {
    cause:
      "A source sent, or announced, more than is ever read of such a thing: of a list, 1,000,000 names or 100,000 referrers.",
    risk: "Endless data is a known attack; a faulty server does the same. Reading stopped at the limit, nothing was kept.",
    mend: "Use another source with `--mirror`; tell who runs the registry. The limits cannot be raised.",
  },
  OCI_NOT_FOUND: {
    cause: "The registry answers that the blob, the alias or the repository is not there.",
    risk: "A wrong name, content that was deleted, or a registry that hides it. Nothing was changed.",
    mend: "Check the name: `dtuf list-aliases <repo>`, `dtuf list-repos`. Some registries say this to who may not read: `dtuf login <host>`.",
  },
  OCI_LAYOUT_INVALID: {
    cause: "A directory is not an OCI layout, or its index.json is not one.",
    risk: "A wrong directory, or one that another program wrote. Nothing was changed.",
    mend: "Name a layout's own directory (it holds the file oci-layout), or a new one.",
  },
  OCI_UNAUTHORIZED: {
    cause: "The registry wants credentials, or refuses those that it got.",
    risk: "None for what is published or pulled. Credentials went only to the registry named, or to its token server.",
    mend: "`dtuf login <host>`, or DTUF_USERNAME and DTUF_PASSWORD; check that a token has not ended.",
  },
  OCI_FORBIDDEN: {
    cause: "The registry knows who asks, and denies this action.",
    risk: noRisk,
    mend: "Have the registry's owner allow it (pull, push or delete), or `dtuf login <host>` as somebody who may.",
  },
  OCI_STATUS: {
    cause: "The registry answered with an HTTP status that the protocol does not have there.",
    risk: "A proxy, or a registry that does not take OCI content. What was sent before may be stored; nothing was published.",
    mend: "Read the status and the answer in the message; docs/registries.md lists what some registries need.",
  },
  OCI_RESPONSE_INVALID: {
    cause:
      "An answer of the registry is not what the protocol has: a header is missing, a body is not JSON, a web page came.",
    risk: "A proxy or a captive portal, or a host that is no registry. Nothing of it was used.",
    mend: "Check the host; run the command again without the proxy, or on another network.",
  },
  OCI_UNAVAILABLE: {
    cause:
      "The registry cannot be reached, does not answer in time, or answers that it is busy (429, 5xx). Retries are used up.",
    risk: "Somebody who controls the network can cause this, which delays and changes nothing. Metadata that is cached is used until it expires.",
    mend: "Check the host, the network and the proxy (HTTPS_PROXY, NO_PROXY), then run the command again: it goes on where it was.",
  },
  OCI_REDIRECT_REFUSED: {
    cause:
      "The registry sent the request elsewhere: to plain HTTP, to an inner network, or to another host with what is secret.",
    risk: "An attempt to reach inner servers or to learn credentials looks like this. Nothing was sent there.",
    mend: "If the redirect is meant, name that host itself as the registry; otherwise tell who runs the registry.",
  },
  OCI_REALM_REFUSED: {
    cause: "The registry names a token server to which credentials may not go.",
    risk: "A registry that was taken over learns passwords in this way. No credential was sent.",
    mend: "If that host is the registry's own token server: `--auth-host HOST`. Otherwise tell who runs the registry.",
  },
  OCI_INSECURE_CREDENTIALS: {
    cause: "Credentials would go over plain HTTP.",
    risk: "Everybody on the way could read them. They were not sent.",
    mend: "Use https (leave out `--insecure`; `--ca-file` for a private authority), or no credentials.",
  },
  OCI_CREDENTIALS_UNAVAILABLE: {
    cause: "A credentials file, a helper, the keychain or a client certificate is named and cannot be read.",
    risk: noRisk,
    mend: "Mend the file or the helper that the message names, or name another with `--registry-config`; `dtuf login <host>` writes it again.",
  },
  OCI_UNSUPPORTED: {
    cause: "The registry or the layout cannot do this: delete, mount, list, plain HTTP without `--insecure`.",
    risk: noRisk,
    mend: "Have the registry's owner allow it (many forbid deleting), or do without: the message says what was asked.",
  },
  OCI_TAG_IMMUTABLE: {
    cause: "The registry forbids moving this tag.",
    risk: noRisk,
    mend: "Take another alias. The tag `latest` must stay mutable: leave it out of the registry's rule (docs/registries.md).",
  },
};
