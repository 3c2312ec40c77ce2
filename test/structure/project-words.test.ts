import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readPackages, root } from "./sources.ts";

describe("where packages come from is each machine's own affair", () => {
  test("the lockfile names no host", () => {
    const lock = readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
    expect(lock.match(/\w+:\/\/[^\s'"]+|\btarball:.*/g)).toBeNull();
  });

  test("no settings file of a package manager names one", () => {
    const workspace = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
    expect(workspace).not.toMatch(/registr(?:y|ies):|:\/\//);
    const settings = readdirSync(root).filter((name) => name === ".npmrc" || name.startsWith(".yarnrc"));
    expect(settings).toEqual([]);
  });

  test("every dependency is an exact version, the catalog's or ours", () => {
    const loose = readPackages().flatMap(({ manifest }) => {
      const all = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
      return Object.entries(all)
        .filter(([, version]) => !/^(?:catalog:|workspace:\^|(?:npm:@[\w-]+\/[\w-]+@)?\d+\.\d+\.\d+)$/.test(version))
        .map(([name, version]) => `${manifest.name}: ${name} ${version}`);
    });
    expect(loose).toEqual([]);
  });
});
