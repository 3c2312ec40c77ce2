import { cutPull } from "./cut.ts";
import { pushFiles } from "./files.ts";
import { firstByte } from "./first-byte.ts";
import { pullLarge, pullWithoutSha, pushLarge } from "./large.ts";
import { pullMany, pushMany } from "./many.ts";
import { mount, refresh } from "./refresh.ts";
import { publishOne } from "./publish-one.ts";
import { bins, oneRole } from "./repositories.ts";
import type { Row } from "./row.ts";
import { slowPull } from "./slow.ts";
import { sync } from "./sync.ts";
import { update } from "./update.ts";
import { updater } from "./updater.ts";
import { updates } from "./updates.ts";
import { version } from "./version.ts";

export const rows: readonly Row[] = [
  ...[
    version,
    refresh,
    pushLarge,
    pullLarge,
    pullWithoutSha,
    firstByte,
    pushMany,
    pullMany,
    pushFiles,
    mount,
    cutPull,
    slowPull,
    update,
  ],
  ...[oneRole, bins, publishOne, sync, updater, updates],
];
