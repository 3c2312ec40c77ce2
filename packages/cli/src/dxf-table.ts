/** The commands of dxf: blobs and aliases. */
import type { Command } from "./command.ts";

export const dxfCommands: readonly Command[] = [];
