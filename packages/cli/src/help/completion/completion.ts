import type { Run } from "../../context/command.ts";
import { describeNear } from "../../context/text/near.ts";
import { UsageError } from "../../context/usage.ts";
import { scripts } from "./scripts.ts";

export const run: Run = async ({ program, terminal }, [shell = ""]) => {
  const script = scripts.get(shell);
  if (script === undefined) {
    const wanted = [...scripts.keys()].join(", ");
    throw new UsageError(`wanted one of ${wanted}; got ${JSON.stringify(shell)}`, describeNear(shell, scripts.keys()));
  }
  await terminal.writeBytes(Buffer.from(script.replaceAll("PROGRAM", program)));
};
