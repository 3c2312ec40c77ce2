import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/setup/longest-first.ts";
import { useTemporaryFolder } from "./test/setup/temporary-folder.ts";
import { createRanTestsReporter } from "./test/structure/ran-tests.ts";

// Programs that tests start compile each module once in a run.
process.env["NODE_COMPILE_CACHE"] = join(useTemporaryFolder(), "compiled");

const conditions = ["@dtuf/source"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };
const sharedTest = {
  setupFiles: ["test/setup/lost-files.ts"],
  // A third less CPU. Processes, not threads: some tests change the umask or the user.
  isolate: false,
  expect: { poll: { timeout: 60_000 } },
};

// Timeouts end what hangs: no test on a busy machine comes near them.
export default defineConfig({
  ...shared,
  test: {
    // One more than cores: many system tests wait for a second, a process or a registry.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", createRanTestsReporter()],
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          ...sharedTest,
          include: ["packages/*/src/**/*.test.ts", "test/structure/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...shared,
        test: {
          name: "system",
          ...sharedTest,
          include: ["test/**/*.test.ts"],
          exclude: ["test/structure/**"],
          globalSetup: ["test/setup/registry.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
