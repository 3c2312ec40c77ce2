/** What the exit statuses mean, for documents. */
const meanings: readonly (readonly [status: number, meaning: string])[] = [
  [0, "fine"],
  [1, "failure"],
  [2, "usage"],
  [3, "not found"],
  [5, "registry or network unavailable"],
  [6, "verification failed"],
  [7, "expired"],
  [8, "local state locked, or disk full"],
  [9, "another publisher was first"],
  [10, "something is due (`status`, `refresh-metadata`)"],
  [11, "partly done (`sync`)"],
  [13, "not authorised"],
  [130, "interrupted; 143 and 129 of SIGTERM and SIGHUP"],
];

export function listStatusMeanings(): typeof meanings {
  return meanings;
}
