/**
 * One closed range of a blob. Closed, because some registries refuse an open one; one, because most refuse several. The request
 * goes to the registry each time, because an address that it redirected to before may have expired.
 */
import type { ByteStream } from "../../content.ts";
import { OciError } from "../../errors.ts";
import type { HttpResponse } from "../../http/index.ts";
import type { ByteRange, RangeOptions } from "../../store.ts";
import { blobUrl, claimedLength, pullScope } from "../requests/context.ts";
import type { Download, Wanted } from "./blob-request.ts";

/** `openRange` of the store. */
export async function openDownloadRange(
  { repository, descriptor, signal }: Download,
  range: ByteRange,
  { onWhole }: Pick<RangeOptions, "onWhole"> = {},
): Promise<ByteStream | undefined> {
  const response = await repository.registry.send({
    method: "GET",
    url: blobUrl(repository, descriptor.digest),
    scopes: [pullScope(repository.name)],
    headers: { range: `bytes=${range.from}-${range.to - 1}` },
    expect: [200, 206, 404, 416],
    signal,
  });
  if (response.status === 206 && isRange(response, descriptor, range)) return exactly(response.body, range);
  if (response.status === 200 && onWhole !== undefined && isWhole(response, descriptor)) {
    onWhole();
    return exactly(response.body, { from: 0, to: descriptor.size });
  }
  await response.discard();
  return undefined;
}

function isWhole({ headers }: HttpResponse, { size }: Wanted): boolean {
  const announced = claimedLength(headers.get("content-length"));
  return announced === undefined || announced === size;
}

function isRange({ headers }: HttpResponse, { size }: Wanted, { from, to }: ByteRange): boolean {
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers.get("content-range") ?? "");
  if (found === null || Number(found[1]) !== from || Number(found[2]) !== to - 1) return false;
  return found[3] === "*" || Number(found[3]) === size;
}

async function* exactly(body: ByteStream, { from, to }: ByteRange): ByteStream {
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > to - from) throw wrongSize(to - from, received);
    yield chunk;
  }
  if (received < to - from) throw wrongSize(to - from, received);
}

function wrongSize(wanted: number, got: number): OciError {
  const message = `a range of ${wanted} bytes was requested, ${got} were received`;
  return new OciError("OCI_SIZE_MISMATCH", message, { details: { wanted, got } });
}
