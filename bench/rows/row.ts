import type { Stage } from "../stage.ts";
import type { Line } from "../table.ts";

export interface Row {
  /** `pnpm bench <id>` runs it alone. */
  readonly id: string;
  run(stage: Stage): Promise<readonly Line[]>;
}
