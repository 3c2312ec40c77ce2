/** Names are held to the same rule as addresses at the moment they are resolved, so that no name leads inwards either. */
import { lookup as systemLookup, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { OciError } from "../../errors.ts";
import { mayReach, networkOf, type Network } from "./network.ts";

/** Leaves out the addresses that a server on `allowedNetwork` may not name. The error where none is left: OciError OCI_REDIRECT_REFUSED. */
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

/** The same for a host that is an address already. @throws OciError OCI_REDIRECT_REFUSED */
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
