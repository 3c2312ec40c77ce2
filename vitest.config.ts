import { defineConfig } from "vitest/config";
import { createRanTestsReporter } from "./test/structure/ran-tests.ts";

const conditions = ["@dtuf/source"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };
const setupFiles = ["test/setup/lost-files.ts"];

export default defineConfig({
  ...shared,
  test: {
    // One more than cores: many system tests wait for a second, a process or a registry.
    maxWorkers: 3,
    reporters: ["default", createRanTestsReporter()],
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          setupFiles,
          // A third less CPU. Processes, not threads: some tests change the umask or the user.
          isolate: false,
          include: ["packages/*/src/**/*.test.ts", "test/structure/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        ...shared,
        test: {
          name: "system",
          setupFiles,
          include: ["test/**/*.test.ts"],
          exclude: ["test/structure/**"],
          globalSetup: ["test/setup/registry.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
