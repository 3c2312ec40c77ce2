/** Commands that explain the others. They open no connection and read no state. */
import type { Command } from "../context/command.ts";
import { withoutSetting, withSetting } from "../context/settings/modes.ts";
import { entry, outputSettings, type Entry } from "../entry.ts";

const helpEntry = (given: Entry): Command => entry({ programs: ["dtuf", "dxf"], ...given });

export const helpCommands: readonly Command[] = [
  helpEntry({
    name: "help",
    summary: "explain a command or an error code, without a network; write the manual's pages",
    arguments: "[command|code]",
    settings: ["man", "output", ...outputSettings],
    modes: [withoutSetting("man", ["output"]), withSetting("man", ["json"])],
    examples: ["dtuf help push-target", "dtuf help TUF_EXPIRED", "dtuf help --man --output ./man"],
    load: () => import("./help.ts"),
  }),
  helpEntry({
    name: "completion",
    summary: "print a script that completes commands, options and names in a shell: bash, zsh, fish or powershell",
    arguments: "<shell>",
    settings: outputSettings.filter((name) => name !== "json"),
    examples: ["dtuf completion bash > ~/.local/share/bash-completion/completions/dtuf"],
    load: () => import("./completion/completion.ts"),
  }),
];
