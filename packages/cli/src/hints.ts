/** For errors that a command can mend: the command. */
import type { Program } from "./command.ts";

const hints: Readonly<Record<string, string>> = {
  COPY_NOT_PINNED: "pin a root first: PROGRAM pull-metadata <repo> root.json",
  COPY_NOT_PUBLISHED: "publish first: PROGRAM push-metadata <repo>; or check the name and the registry",
  COPY_TARGET_UNKNOWN: "PROGRAM list-copy-targets <repo> lists what is there",
  COPY_PIN_OTHER_CHAIN: "if you mean to trust another chain of roots, compare the fingerprints and add --replace",
  COPY_OFFLINE_NOTHING_CACHED: "run PROGRAM pull-metadata <repo> once with a connection",
  COPY_CLOCK_SUSPECT:
    "set this machine's clock; where it is right and was ahead before: PROGRAM pull-metadata <repo> root.json --replace",
  TUF_CLOCK_SUSPECT: "set this machine's clock",
  TUF_EXPIRED: "the publisher must sign again: PROGRAM push-metadata <repo>",
  MASTER_KEYS_MISSING: "make the keys: PROGRAM create-root-key <repo> and PROGRAM create-metadata-keys <repo>",
  MASTER_METADATA_MISSING: "make the metadata: PROGRAM create-metadata <repo>",
  MASTER_TARGET_UNKNOWN: "PROGRAM list-master-targets <repo> lists what is there",
  MASTER_PUBLISHER_RACE: "run PROGRAM push-metadata <repo> again",
  OCI_UNAUTHORIZED: "give credentials: PROGRAM login <host>, or DTUF_USERNAME and DTUF_PASSWORD",
  OCI_REALM_REFUSED: "if that host is your registry's token server, name it in DTUF_AUTH_HOST",
  OCI_INSECURE_CREDENTIALS: "use https, or no credentials",
  FILE_LOCKED: "another process is at work on the same state: wait for it to end",
  FILE_NO_SPACE: "free some space and run the command again: it goes on where it was",
};

export function findHint(code: string, program: Program): string | undefined {
  const hint = Object.hasOwn(hints, code) ? hints[code] : undefined;
  return hint?.replaceAll("PROGRAM", program).replaceAll("DTUF_", `${program.toUpperCase()}_`);
}
