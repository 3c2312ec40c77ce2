import fc from "fast-check";
import semver from "semver";
import { describe, expect, test } from "vitest";
import { cohortOf } from "./cohort.ts";
import { parsePlatform } from "./platform.ts";
import { encodeAgentRelease, parseAgentRelease, type AgentRelease } from "./release.ts";
import { selectRelease, type Machine, type SignedRelease } from "./select-release.ts";

const published = new Date("2030-01-01T00:00:00Z");
const day = 86_400_000;

function release(version: string, more: Partial<SignedRelease> = {}): SignedRelease {
  return {
    ...{ name: "app", version, channel: "stable", platform: undefined, rollout: 100, seed: `app@${version}` },
    ...{ published, critical: false, minimum: undefined, notes: undefined, supportUntil: undefined, revoked: false },
    ...{ rollback: undefined, sha256: `hash of ${version}`, isSignedOffline: true, ...more },
  };
}

function machine(more: Partial<Machine> = {}): Machine {
  return {
    ...{ name: "app", channels: ["stable"], platform: { os: "linux", arch: "amd64" }, installId: "id" },
    ...{ installed: "1.0.0", skipped: new Set<string>(), reverted: new Set<string>(), firstSeen: new Map() },
    ...{ cooldownMs: 0, now: new Date("2030-02-01T00:00:00Z"), isAsked: false, ...more },
  };
}

const chosen = (releases: readonly SignedRelease[], more: Partial<Machine> = {}): string | undefined =>
  selectRelease(releases, machine(more)).chosen?.release.version;

const versions = fc.uniqueArray(
  fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map((parts) => parts.join(".")),
  { minLength: 1, maxLength: 12 },
);
const manyReleases = versions.chain((list) =>
  fc.tuple(
    ...list.map((version) =>
      fc
        .record({ rollout: fc.nat(100), revoked: fc.boolean(), critical: fc.boolean(), offline: fc.boolean() })
        .map(({ rollout, revoked, critical, offline }) =>
          release(version, { rollout, revoked, critical, isSignedOffline: offline }),
        ),
    ),
  ),
);

describe("which release a machine gets", () => {
  test("is never older than, nor the same as, what is installed, never revoked, whatever is published", () => {
    fc.assert(
      fc.property(manyReleases, versions, fc.string(), (releases, [installed = "1.0.0"], installId) => {
        const isAsked = installId.length % 2 === 0;
        const found = selectRelease(releases, machine({ installed, installId, isAsked })).chosen;
        expect(found === undefined || semver.gt(found.release.version, installed)).toBe(true);
        expect(found?.release.revoked ?? false).toBe(false);
      }),
    );
  });

  test("does not depend on the order of what is published", () => {
    fc.assert(
      fc.property(manyReleases, fc.string(), (releases, installId) => {
        expect(chosen(releases.toReversed(), { installId })).toBe(chosen(releases, { installId }));
      }),
    );
  });

  test("once a rollout reached a machine, a larger one reaches it too", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(100), fc.nat(100), (installId, a, b) => {
        const at = (rollout: number): string | undefined => chosen([release("1.1.0", { rollout })], { installId });
        expect([undefined, at(Math.max(a, b))]).toContain(at(Math.min(a, b)));
      }),
    );
  });

  test("a cohort has about its percentage of the machines, and other machines with another seed", () => {
    const ids = Array.from({ length: 4000 }, (_, index) => `machine ${index}`);
    const early = (seed: string): readonly string[] => ids.filter((id) => cohortOf(seed, id) < 10);
    expect(early("app@1.1.0").length).toBeGreaterThan(300);
    expect(early("app@1.1.0").length).toBeLessThan(500);
    const again = new Set(early("app@1.2.0"));
    expect(early("app@1.1.0").filter((id) => again.has(id)).length).toBeLessThan(100);
  });

  test("a person who asks is not held back by a rollout, a skipped or a reverted version, but by a cooldown", () => {
    const fresh = [release("1.1.0", { rollout: 0 })];
    const held = { skipped: new Set(["1.1.0"]), reverted: new Set(["1.1.0"]) };
    expect(chosen(fresh, held)).toBe(undefined);
    expect(chosen(fresh, { ...held, isAsked: true })).toBe("1.1.0");
    expect(chosen(fresh, { isAsked: true, cooldownMs: 60 * day })).toBe(undefined);
  });

  test("a version that was reverted here is not installed again by itself, and a newer one is", () => {
    const reverted = new Set(["1.1.0"]);
    expect(selectRelease([release("1.1.0")], machine({ reverted })).passedOver).toEqual([
      { version: "1.1.0", reason: "reverted" },
    ]);
    expect(chosen([release("1.1.0"), release("1.1.1")], { reverted })).toBe("1.1.1");
  });

  test("a release with a minimum reaches machines by way of an older one", () => {
    const releases = [release("2.0.0", { minimum: "1.5.0" }), release("1.5.0")];
    expect(chosen(releases)).toBe("1.5.0");
    expect(chosen(releases, { installed: "1.5.0" })).toBe("2.0.0");
  });

  test("a pre-release in another channel is not seen, and a machine may follow several channels", () => {
    const releases = [release("1.1.0"), release("1.2.0-beta.1", { channel: "beta" })];
    expect(chosen(releases)).toBe("1.1.0");
    expect(chosen(releases, { channels: ["stable", "beta"] })).toBe("1.2.0-beta.1");
  });

  test("a release for its platform comes before one for every platform; others are not seen", () => {
    const linux = release("1.1.0", { platform: parsePlatform("linux-x64"), notes: "linux" });
    const windows = release("1.2.0", { platform: parsePlatform("win32/x64") });
    const found = selectRelease([release("1.1.0"), linux, windows], machine()).chosen;
    expect(found?.release.notes).toBe("linux");
    expect(chosen([linux, windows], { platform: { os: "windows", arch: "amd64" } })).toBe("1.2.0");
  });
});

describe("the cooldown", () => {
  const cooldownMs = 7 * day;
  const now = new Date("2030-01-08T00:00:00Z");

  test("ends N days after the later of the machine's own record and the signed time", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), (signedDaysAgo, seenDaysAgo) => {
        const at = (days: number): Date => new Date(now.getTime() - days * day);
        const releases = [release("1.1.0", { published: at(signedDaysAgo) })];
        const firstSeen = new Map([["hash of 1.1.0", at(seenDaysAgo)]]);
        const isOver = Math.min(signedDaysAgo, seenDaysAgo) >= 7;
        expect(chosen(releases, { now, cooldownMs, firstSeen })).toBe(isOver ? "1.1.0" : undefined);
      }),
    );
  });

  test("begins again if other content is published under a version that was seen", () => {
    const firstSeen = new Map([["hash of 1.1.0", published]]);
    const swapped = release("1.1.0", { sha256: "other content" });
    expect(chosen([release("1.1.0")], { now, cooldownMs, firstSeen })).toBe("1.1.0");
    expect(chosen([swapped], { now, cooldownMs, firstSeen })).toBe(undefined);
  });

  test("is skipped by a critical release only if the offline targets keys signed it", () => {
    const critical = (isSignedOffline: boolean): readonly SignedRelease[] => [
      release("1.1.0", { critical: true, rollout: 0, isSignedOffline }),
    ];
    expect(chosen(critical(true), { now, cooldownMs })).toBe("1.1.0");
    expect(chosen(critical(false), { now, cooldownMs })).toBe(undefined);
  });
});

describe("a rollback", () => {
  const bad = release("1.1.0", { revoked: true, rollback: "1.0.0" });

  test("leads machines that have the revoked version back to the version that it names, and no other machine", () => {
    const releases = [bad, release("1.0.0")];
    const found = selectRelease(releases, machine({ installed: "1.1.0" })).chosen;
    expect(found).toMatchObject({ kind: "rollback", release: { version: "1.0.0" } });
    expect(chosen(releases, { installed: "1.0.0" })).toBe(undefined);
    expect(chosen(releases, { installed: "1.2.0" })).toBe(undefined);
  });

  test("gives way to a newer release, and leads to nothing revoked", () => {
    expect(chosen([bad, release("1.0.0"), release("1.1.1")], { installed: "1.1.0" })).toBe("1.1.1");
    expect(chosen([bad, release("1.0.0", { revoked: true })], { installed: "1.1.0" })).toBe(undefined);
  });

  test("never leads forward: a statement that names a newer version has no effect", () => {
    const releases = [release("1.1.0", { revoked: true, rollback: "1.2.0" }), release("1.2.0", { rollout: 0 })];
    expect(chosen(releases, { installed: "1.1.0" })).toBe(undefined);
  });
});

describe("what cannot be decided is an error with a code", () => {
  const failure = (releases: readonly SignedRelease[], more: Partial<Machine> = {}): unknown => {
    try {
      return selectRelease(releases, machine(more));
    } catch (error) {
      return error;
    }
  };

  test("no release of the name, none in the channel, two of one version", () => {
    expect(failure([])).toMatchObject({ code: "AGENT_RELEASE_UNKNOWN" });
    expect(failure([release("1.1.0")], { channels: ["nightly"] })).toMatchObject({ code: "AGENT_CHANNEL_UNKNOWN" });
    expect(failure([release("1.1.0"), release("1.1.0+b")])).toMatchObject({ code: "AGENT_RELEASE_AMBIGUOUS" });
  });
});

describe("a release as custom metadata", () => {
  test("is read as it was written", () => {
    const {
      sha256: _hash,
      isSignedOffline: _offline,
      ...plain
    } = release("1.1.0-rc.1+5", {
      ...{ platform: { os: "linux", arch: "arm64" }, rollout: 10, critical: true, minimum: "1.0.0", notes: "new" },
      ...{ supportUntil: published, revoked: true, rollback: "1.0.0" },
    });
    expect(parseAgentRelease(encodeAgentRelease(plain))).toEqual(plain);
  });

  test.each<[string, object]>([
    ["a version that is no semver", { version: "1.4" }],
    ["a version with a leading v", { version: "v1.4.0" }],
    ["a version with a space", { version: " 1.4.0" }],
    ["another format", { format: 2 }],
    ["a rollout above 100", { rollout: 101 }],
    ["a rollout that is no number", { rollout: "10%" }],
    ["a name that is a path", { name: "../app" }],
    ["a channel with a slash", { channel: "a/b" }],
    ["a date that does not exist", { published: "2030-02-30T00:00:00Z" }],
    ["a platform that is a path", { platform: "linux/../x" }],
    ["critical as a text", { critical: "no" }],
  ])("with %s is refused", (_what, change) => {
    const plain: AgentRelease = release("1.0.0");
    const custom = encodeAgentRelease(plain);
    const changed = { release: { ...(custom["release"] as object), ...change } };
    expect(() => parseAgentRelease(changed)).toThrow(expect.objectContaining({ code: "AGENT_RELEASE_INVALID" }));
  });

  test("of a target that has none is no release, also if the custom metadata inherits one", () => {
    expect(parseAgentRelease(undefined)).toBe(undefined);
    expect(parseAgentRelease({ channel: "stable" })).toBe(undefined);
    expect(parseAgentRelease(Object.create({ release: {} }) as never)).toBe(undefined);
  });
});
