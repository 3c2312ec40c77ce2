import type { ExitStatus } from "../context/command.ts";
import { exitStatusOf } from "../context/exit-status.ts";
import type { Gathering } from "./gather.ts";
import { publisherExit } from "./publisher-status.ts";
import type { Verdict } from "./report/report.ts";

/** What the publisher's state found out comes first, because scripts know it. */
export function reportExit({ report, status }: Gathering): ExitStatus {
  const own = status === undefined ? 0 : publisherExit(status);
  return own === 0 ? verdictExit(report.verdict, report.at) : own;
}

function verdictExit({ state, until, code }: Verdict, at: Date): ExitStatus {
  switch (state) {
    case "good":
      return 0;
    case "soon":
      return 10;
    case "expired":
      return 7;
    case "absent":
      return 3;
    case "unchecked":
      return until !== undefined && until <= at ? 7 : 0;
    case "refused":
    case "unreachable":
      return exitStatusOf(code ?? "");
  }
}
