/**
 * 400 days of a team. Root: Alice, Bob and Carol, two of whom must sign. Targets: Dave and Erin, both must sign. CI has the
 * keys of snapshot and timestamp. Dora may sign `tools/*`, and Emil `docs/*`.
 */
import { changeRoot, delegated, publish, release, renew, replace } from "./phrases.ts";
import type { Story, StoryEvent } from "./words.ts";

const events: readonly StoryEvent[] = [
  {
    day: 0,
    what: "The first release.",
    steps: release("1.0"),
    publishes: { app: "1.0" },
  },
  {
    day: 5,
    what: "Dora may sign tools/*, Emil docs/*: both sign the empty first files of their roles.",
    steps: [
      { do: "get key", who: "dora", key: "dora" },
      { do: "get key", who: "emil", key: "emil" },
      {
        do: "stage",
        who: "dave",
        changes: [
          { trust: "dora", role: "tools", paths: ["tools/*"] },
          { trust: "emil", role: "docs", paths: ["docs/*"] },
        ],
      },
      { do: "propose", who: "dave", as: "delegates" },
      { do: "sign", who: "erin", as: "delegates" },
      { do: "sign", who: "dora", as: "delegates" },
      { do: "accept", who: "ci", as: "delegates", refused: "MASTER_SIGNATURES_MISSING" },
      { do: "sign", who: "emil", as: "delegates" },
      { do: "accept", who: "ci", as: "delegates" },
    ],
  },
  {
    day: 8,
    what: "The delegates publish, each with one key.",
    steps: [
      ...delegated("tools", "dora", ["tools/hammer", "one"]),
      ...delegated("docs", "emil", ["docs/manual", "one"]),
    ],
    publishes: { "tools/hammer": "one", "docs/manual": "one" },
  },
  { day: 20, what: "Release 1.1.", steps: release("1.1"), publishes: { app: "1.1" } },
  {
    day: 35,
    what: "Dave's laptop is lost. The root holders put his new key in, and it signs targets again with Erin's.",
    steps: [
      { do: "lose machine", who: "dave" },
      { do: "get key", who: "dave", key: "dave/2" },
      ...changeRoot("new-dave", replace("targets", "dave", "dave/2"), ["alice", "bob", "dave", "erin"]),
    ],
  },
  {
    day: 48,
    what: "Erin proposes a licence. Dave forgets it.",
    steps: [
      { do: "stage", who: "erin", changes: [{ put: "licence", content: "MIT" }] },
      { do: "propose", who: "erin", as: "licence" },
      { do: "accept", who: "ci", as: "licence", refused: "MASTER_SIGNATURES_MISSING" },
    ],
  },
  {
    day: 60,
    what: "Release 1.2, although the licence still waits.",
    steps: release("1.2"),
    publishes: { app: "1.2" },
  },
  {
    day: 61,
    what: "The forgotten proposal does not fit any more. What Erin staged is still there: she proposes it again.",
    warned: "licence waits for dave/2",
    steps: [
      { do: "sign", who: "dave", as: "licence", refused: "MASTER_PROPOSAL_OUTDATED" },
      { do: "propose", who: "erin", as: "licence" },
      { do: "sign", who: "dave", as: "licence" },
      { do: "accept", who: "ci", as: "licence" },
    ],
    publishes: { licence: "MIT" },
  },
  {
    day: 75,
    what: "Emil leaves, Fay comes. Her key is added to docs first, because Emil's file stays until she has signed one.",
    steps: [
      { do: "get key", who: "fay", key: "fay" },
      { do: "stage", who: "dave", changes: [{ key: "fay", into: "docs" }] },
      ...publish,
      ...delegated("docs", "fay", ["docs/manual", "two"]),
      { do: "stage", who: "dave", changes: [{ key: "emil", outOf: "docs" }] },
      ...publish,
    ],
    publishes: { "docs/manual": "two" },
  },
  {
    day: 76,
    what: "Emil, who has left, proposes once more. Nobody takes it.",
    steps: [
      { do: "stage", who: "emil", of: "docs", changes: [{ put: "docs/farewell", content: "bye" }] },
      { do: "propose", who: "emil", of: "docs", as: "docs", refused: "MASTER_KEYS_MISSING" },
      { do: "forge proposal", of: "docs", put: "docs/farewell", keys: ["emil"] },
      { do: "accept", who: "ci", as: "docs", refused: "MASTER_SIGNATURES_MISSING" },
    ],
  },
  {
    day: 100,
    what: "Dora's laptop is stolen. Her new key signs her role anew, and the old one is removed on the same day.",
    steps: [
      { do: "lose machine", who: "dora" },
      { do: "get key", who: "dora", key: "dora/2" },
      { do: "stage", who: "dave", changes: [{ key: "dora/2", into: "tools" }] },
      ...publish,
      ...delegated("tools", "dora", ["tools/hammer", "two"]),
      { do: "stage", who: "dave", changes: [{ key: "dora", outOf: "tools" }] },
      ...publish,
    ],
    publishes: { "tools/hammer": "two" },
  },
  {
    day: 103,
    what: "The thief of Dora's laptop proposes a tool. CI does not publish it.",
    steps: [
      { do: "forge proposal", of: "tools", put: "tools/trap", keys: ["dora"] },
      { do: "accept", who: "ci", as: "tools", refused: "MASTER_SIGNATURES_MISSING" },
    ],
  },
  {
    day: 110,
    what: "Two CI machines publish at the same moment: Dora's saw and release 1.3. Both are out.",
    steps: [
      { do: "get key", who: "ci-two", key: "ci" },
      { do: "stage", who: "dora", of: "tools", changes: [{ put: "tools/saw", content: "one" }] },
      { do: "propose", who: "dora", of: "tools", as: "tools" },
      { do: "stage", who: "dave", changes: [{ put: "app", content: "1.3" }] },
      ...publish.slice(0, -1),
      {
        do: "accept at once",
        each: [
          { who: "ci", as: "next" },
          { who: "ci-two", as: "tools" },
        ],
      },
    ],
    publishes: { app: "1.3", "tools/saw": "one" },
  },
  {
    day: 114,
    what: "CI did not push the newest snapshot, so it is told that it may renew it.",
    steps: [{ do: "vouch for the snapshot" }],
  },
  {
    day: 120,
    what: "Dave and Erin release at the same time. Dave is first; Erin is told, keeps what she staged, and is second.",
    steps: [
      { do: "stage", who: "dave", changes: [{ put: "app", content: "1.4" }] },
      { do: "stage", who: "erin", changes: [{ put: "notes", content: "of 1.4" }] },
      { do: "propose", who: "dave", as: "next" },
      { do: "propose", who: "erin", as: "next" },
      { do: "propose", who: "dave", as: "from-dave" },
      { do: "sign", who: "erin", as: "from-dave" },
      { do: "accept", who: "ci", as: "from-dave" },
      { do: "sign", who: "dave", as: "next", refused: "MASTER_PROPOSAL_OUTDATED" },
      { do: "propose", who: "erin", as: "next" },
      { do: "sign", who: "dave", as: "next" },
      { do: "accept", who: "ci", as: "next" },
    ],
    publishes: { app: "1.4", notes: "of 1.4" },
  },
  {
    day: 130,
    what: "The secrets of CI leak. The root holders put a new online key in.",
    steps: [
      { do: "get key", who: "ci", key: "ci/2" },
      ...changeRoot(
        "new-ci",
        [...replace("timestamp", "ci", "ci/2"), ...replace("snapshot", "ci", "ci/2")],
        ["bob", "carol"],
      ),
    ],
  },
  {
    day: 133,
    what: "The thief of CI's key moves `latest` to a release of his own. Every client refuses it; CI puts its record back.",
    steps: [{ do: "forge release", key: "ci" }],
  },
  { day: 150, what: "CI goes down.", steps: [{ do: "stop CI" }] },
  {
    day: 155,
    what: "The timestamp has expired: clients keep what they have and say so.",
    warned: "timestamp is due",
    steps: [],
    clients: "TUF_EXPIRED",
  },
  {
    day: 157,
    what: "CI is back after a week, and with the first refresh every client is.",
    warned: "timestamp has expired",
    steps: [{ do: "start CI" }],
    clients: "served",
  },
  {
    day: 160,
    what: "Fay's role would soon expire: she signs it again, unchanged.",
    warned: "docs is due",
    steps: renew("docs", "fay"),
  },
  {
    day: 175,
    what: "Carol leaves, Gina comes: a new root, by Alice and Bob.",
    steps: [
      { do: "get key", who: "gina", key: "gina" },
      ...changeRoot("gina", replace("root", "carol", "gina"), ["alice", "bob"]),
    ],
  },
  {
    day: 176,
    what: "Gina proposes that Carol comes back. Nobody else signs it, and nothing is published.",
    steps: [
      { do: "stage", who: "gina", changes: [{ key: "carol", into: "root" }] },
      { do: "propose", who: "gina", as: "carol-again" },
      { do: "accept", who: "ci", as: "carol-again", refused: "MASTER_SIGNATURES_MISSING" },
    ],
  },
  {
    day: 190,
    what: "Dora's role would soon expire too.",
    warned: "tools is due",
    steps: renew("tools", "dora"),
  },
  {
    day: 199,
    what: "Release 2.0. It is bad.",
    steps: [
      { do: "stage", who: "dave", changes: [{ put: "app", content: "2.0, bad" }, { drop: "notes" }] },
      ...publish,
    ],
    publishes: { app: "2.0, bad", notes: undefined },
  },
  {
    day: 201,
    what: "The bad release is rolled back: the content before it is a new release.",
    steps: [{ do: "stage", who: "dave", changes: [{ backBefore: 199 }] }, ...publish],
    publishes: { app: "1.4", notes: "of 1.4" },
  },
  { day: 210, what: "Release 2.1.", steps: release("2.1"), publishes: { app: "2.1" } },
  {
    day: 235,
    what: "Fay renews docs.",
    warned: "docs is due",
    steps: renew("docs", "fay"),
  },
  {
    day: 265,
    what: "Nobody has released for weeks: Dave and Erin sign targets again, unchanged; so does Dora with hers.",
    warned: "targets is due",
    steps: [...publish, ...renew("tools", "dora")],
  },
  {
    day: 300,
    what: "Bob's key is lost. Alice and Gina are still two of three, and put his new one in.",
    steps: [
      { do: "lose machine", who: "bob" },
      { do: "get key", who: "bob", key: "bob/2" },
      ...changeRoot("new-bob", replace("root", "bob", "bob/2"), ["alice", "gina"]),
    ],
  },
  {
    day: 310,
    what: "Fay publishes a new manual.",
    steps: delegated("docs", "fay", ["docs/manual", "three"]),
    publishes: { "docs/manual": "three" },
  },
  {
    day: 330,
    what: "Release 2.2, and the licence is dropped.",
    steps: [
      { do: "stage", who: "erin", changes: [{ put: "app", content: "2.2" }, { drop: "licence" }] },
      { do: "propose", who: "erin", as: "next" },
      { do: "sign", who: "dave", as: "next" },
      { do: "accept", who: "ci", as: "next" },
    ],
    publishes: { app: "2.2", licence: undefined },
  },
  { day: 340, what: "Dora renews tools.", warned: "tools is due", steps: renew("tools", "dora") },
  { day: 380, what: "Fay renews docs.", warned: "docs is due", steps: renew("docs", "fay") },
  { day: 395, what: "Release 3.0.", steps: release("3.0"), publishes: { app: "3.0" } },
];

export const year: Story = { until: 400, events };
