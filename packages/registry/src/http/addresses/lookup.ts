/** Resolved addresses must pass the same rule as literal ones, so that no host name leads to a more private network. */
import { lookup as systemLookup, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { OciError } from "../../errors.ts";
import { mayReach, networkOf, type Network } from "./network.ts";

/** Drops the resolved addresses that a server on `allowedNetwork` may not lead to. If none is left, the error is OciError OCI_REDIRECT_REFUSED. */
export function guardedLookup(allowedNetwork: Network, lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error !== null) return callback(error, [], undefined);
      const all: readonly LookupAddress[] =
        typeof found === "string" ? [{ address: found, family: family ?? 4 }] : found;
      const allowed = all.filter(({ address }) => isAllowed(allowedNetwork, address));
      const first = allowed[0];
      if (first === undefined) return callback(refusedAddress(hostname, allowedNetwork), [], undefined);
      if (options.all === true) callback(null, [...allowed]);
      else callback(null, first.address, first.family);
    });
  };
}

/** The same rule for a host that is an IP address. @throws OciError OCI_REDIRECT_REFUSED */
export function verifyHost(hostname: string, allowedNetwork: Network): void {
  const network = networkOf(hostname);
  if (network !== undefined && !mayReach(allowedNetwork, network)) throw refusedAddress(hostname, allowedNetwork);
}

function isAllowed(allowedNetwork: Network, address: string): boolean {
  const network = networkOf(address);
  return network !== undefined && mayReach(allowedNetwork, network);
}

function refusedAddress(host: string, allowedNetwork: Network): OciError {
  return new OciError(
    "OCI_REDIRECT_REFUSED",
    `${host} refused: a server on a ${allowedNetwork} address may not lead there`,
    {
      details: { host, allowedNetwork },
    },
  );
}
