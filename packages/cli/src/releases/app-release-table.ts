/** Commands for releases that updaters install. */
import type { Command } from "../context/command.ts";
import { withSetting, type Mode } from "../context/settings/modes.ts";
import { entry, stateSettings } from "../entry.ts";

const severalFiles: Mode = {
  name: "with several files",
  when: (_values, args) => args.length > 4,
  refuses: ["patch-from"],
};

const meanings = { role: "the releases of this delegated role, whose changes dtuf propose proposes" };

export const appReleaseCommands: readonly Command[] = [
  entry({
    name: "release",
    summary: "upload a version of a program that updaters install, one file for each platform, and stage it",
    arguments: "<repo> <name> <version> <file...>",
    settings: [
      ...stateSettings,
      "concurrency",
      "part-size",
      "chunk",
      "no-index",
      "patch-from",
      "progress",
      "channel",
      "rollout",
      "critical",
      "minimum",
      "platform",
      "notes",
      "support-until",
      "role",
    ],
    meanings: {
      ...meanings,
      platform: "platforms of the files, in their order: os/arch, one for each file",
      "patch-from": "sign a patch too, from the older version's file; for a single file",
    },
    modes: [withSetting("no-index", ["chunk", "patch-from"]), severalFiles],
    examples: [
      "dtuf release fred/demo app 1.3.0 app-1.3.tgz --rollout 10%",
      "dtuf release fred/demo app 1.3.0 app-linux app.exe --platform linux/amd64,windows/amd64",
      "dtuf release fred/demo app 1.3.0 ./app --patch-from app-1.2",
      "dtuf release fred/demo app 1.3.0 ./app --role app-team",
    ],
    load: () => import("./release.ts"),
  }),
  entry({
    name: "rollout",
    summary: "stage another rollout of a release, for every platform of it",
    arguments: "<repo> <name> <version> <percent>",
    settings: [...stateSettings, "force", "role"],
    meanings,
    examples: ["dtuf rollout fred/demo app 1.3.0 50%"],
    load: () => import("./rollout.ts"),
  }),
  entry({
    name: "revoke-release",
    summary: "stage that no machine installs a release, and which older version machines that have it go back to",
    arguments: "<repo> <name> <version> [older-version]",
    settings: [...stateSettings, "role"],
    meanings,
    examples: ["dtuf revoke-release fred/demo app 1.4.0 1.3.0"],
    load: () => import("./revoke-release.ts"),
  }),
];
