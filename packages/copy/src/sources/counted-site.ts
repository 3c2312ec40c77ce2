/** What is fetched for one target, counted where it is fetched. */
import { counted, type ByteStream } from "@dtuf/registry";
import type { Site } from "./source.ts";

export interface Traffic {
  /** Bytes of content that arrived: of the target and of its chunk index, also those that were refused. */
  fetchedBytes: number;
  /** Requests for content. Those that a store adds (redirects, tokens, what follows a cut connection) are not counted. */
  requests: number;
}

export function createTraffic(): Traffic {
  return { fetchedBytes: 0, requests: 0 };
}

/** The same site; what is fetched for targets is added to `traffic`. */
export function countedSite(site: Site, traffic: Traffic): Site {
  const onBytes = (bytes: number): void => {
    traffic.fetchedBytes += bytes;
  };
  const request = async (open: Promise<ByteStream | undefined> | undefined): Promise<ByteStream | undefined> => {
    traffic.requests += 1;
    const stream = await open;
    return stream && counted(stream, onBytes);
  };
  return {
    ...site,
    async openPart(...wanted) {
      traffic.requests += 1;
      const found = await site.openPart(...wanted);
      return found && { ...found, stream: counted(found.stream, onBytes) };
    },
    ...(site.openIndex && { openIndex: (...wanted) => request(site.openIndex?.(...wanted)) }),
    ...(site.openRange && { openRange: (...wanted) => request(site.openRange?.(...wanted)) }),
  };
}
