/**
 * Classes of network. A server may lead to its own class and to more public ones, never to a more private one, so that a
 * public registry cannot make the client send requests to the user's machine, local network or cloud metadata service.
 */
import { BlockList, isIP, isIPv4 } from "node:net";

/** Addresses of cloud metadata services, multicast and reserved addresses count as link-local. */
export type Network = "public" | "private" | "loopback" | "link-local";

const ranges: readonly (readonly [Exclude<Network, "public">, readonly string[]])[] = [
  [
    "link-local",
    [
      ...["169.254.0.0/16", "192.0.0.0/24", "100.100.100.200/32", "224.0.0.0/4", "240.0.0.0/4"],
      ...["fe80::/10", "fd00:ec2::/32", "ff00::/8"],
    ],
  ],
  ["loopback", ["127.0.0.0/8", "0.0.0.0/8", "::/127"]],
  [
    "private",
    [
      ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"],
      ...["fc00::/7", "fec0::/10", "64:ff9b:1::/48", "2001::/32"],
    ],
  ],
];

const lists = ranges.map(([network, subnets]) => [network, blockList(subnets)] as const);

/** These IPv6 ranges contain an IPv4 address in four bytes, from the given group on. */
const embeddings: readonly (readonly [list: BlockList, firstGroup: number])[] = [
  [blockList(["::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "::/96"]), 6],
  [blockList(["2002::/16"]), 1],
];

const names: ReadonlyMap<string, Network> = new Map([
  ["localhost", "loopback"],
  ["metadata.google.internal", "link-local"],
]);

const reaches: Readonly<Record<Network, readonly Network[]>> = {
  public: ["public"],
  private: ["public", "private"],
  loopback: ["public", "private", "loopback"],
  "link-local": ["public", "private", "link-local"],
};

/** Whether a server on one network may supply an address on the other. */
export function mayReach(from: Network, to: Network): boolean {
  return reaches[from].includes(to);
}

/** `host`: an IP address, or a URL's `hostname` (which writes every IPv4 address as four decimals). Returns undefined for a name. */
export function networkOf(host: string): Network | undefined {
  const bare = host
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/%.*$/, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (isIP(bare) !== 0) return networkOfAddress(bare);
  return names.get(bare) ?? (bare.endsWith(".localhost") ? "loopback" : undefined);
}

function networkOfAddress(address: string): Network {
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  if (family === "ipv6") {
    const embedded = embeddedIPv4(address);
    if (embedded !== undefined) return networkOfAddress(embedded);
  }
  return lists.find(([, list]) => list.check(address, family))?.[0] ?? "public";
}

function embeddedIPv4(address: string): string | undefined {
  const groups = groupsOf(address);
  if (groups.slice(0, 7).every((group) => group === 0) && (groups[7] ?? 0) <= 1) return undefined; // :: and ::1
  const first = embeddings.find(([list]) => list.check(address, "ipv6"))?.[1];
  if (first === undefined) return undefined;
  const pair = groups.slice(first, first + 2);
  return pair.flatMap((group) => [group >> 8, group & 0xff]).join(".");
}

/** The eight groups, from the URL standard's form of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const numbers = (part: string): number[] => (part === "" ? [] : part.split(":").map((group) => parseInt(group, 16)));
  if (tail === undefined) return numbers(head);
  const left = numbers(head);
  const right = numbers(tail);
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = "", prefix] = subnet.split("/");
    list.addSubnet(address, Number(prefix), isIPv4(address) ? "ipv4" : "ipv6");
  }
  return list;
}
