import { guides } from "./guides.ts";
import { publishing } from "./publishing.ts";
import type { Scene } from "./scene.ts";
import { smallPages } from "./small-pages.ts";

/** The pages whose shell is typed by test/docs/shell.test.ts. */
export const scenes: readonly Scene[] = [...smallPages, ...guides, publishing];
