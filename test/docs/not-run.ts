/** Lines of shell in the pages that no test of the pages types, and why. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^npx -y /, "fetches Node and pnpm, then runs all tests: CI runs it"],
  [/^pnpm (?:demo|check|test)\b/, "each runs many tests, this one among them: CI runs them"],
  [/^node agent\.ts |^\/opt\/acme\//, "test/packages/runtimes.test.ts runs this agent in four runtimes"],
  [/^pnpm (?:pack:all|build:exe|build:image)\b/, "minutes: test/packages packs, builds and installs"],
  [/^npm install\b/, "test/packages/installed.test.ts installs the packed packages, without a registry of packages"],
  [
    /packed\/dtuf-linux-x64|dtuf-linux-x64\.sha256|^ln -s dtuf \/usr\/local/,
    "test/packages/executable.test.ts checks the digest, and runs it as dxf",
  ],
  [/^dtuf agent run agent\.json$/, "runs until somebody ends it: test/cli/agent-service.test.ts"],
  [/^dtuf status \S+ --html /, "test/docs/stories.ts runs it"],
  [/^dtuf status \S+ --serve\b/, "serves until it is ended: test/cli/status-serve.test.ts"],
  [/^pnpm docs:status$/, "needs a browser, which pnpm interop fetches"],
  [/^podman run /, "needs a container runtime: test/packages/executable.test.ts starts the image's program"],
];

export function findReason(command: string): string | undefined {
  return reasons.find(([pattern]) => pattern.test(command))?.[1];
}

export const patterns: readonly RegExp[] = reasons.map(([pattern]) => pattern);
