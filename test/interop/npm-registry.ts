/** An npm registry on loopback that has our packed packages. Of all others it gives what the user's own registry says. */
import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface NpmRegistry extends AsyncDisposable {
  readonly url: string;
  /** `name@version` of the packages that it has itself. */
  readonly packages: ReadonlyMap<string, string>;
}

interface Packed {
  readonly name: string;
  readonly version: string;
}

/** @param directory what `pnpm pack:all` wrote */
export async function startNpmRegistry(directory: string): Promise<NpmRegistry> {
  const upstream = (await run("npm", ["config", "get", "registry"])).stdout.trim();
  const tarballs = (await readdir(directory)).filter((name) => name.endsWith(".tgz"));
  const manifests = new Map<string, Packed & { readonly tarball: string; readonly integrity: string }>();
  for (const tarball of tarballs) {
    const { stdout } = await run("tar", ["-xzOf", join(directory, tarball), "package/package.json"]);
    const manifest = JSON.parse(stdout) as Packed;
    const content = await readFile(join(directory, tarball));
    const integrity = `sha512-${createHash("sha512").update(content).digest("base64")}`;
    manifests.set(manifest.name, { ...manifest, tarball, integrity });
  }

  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    const name = decodeURIComponent(path.slice(1));
    if (tarballs.includes(name)) return void response.end(await readFile(join(directory, name)));
    const own = manifests.get(name);
    if (own === undefined) {
      const found = await fetch(new URL(path.slice(1), upstream));
      response.writeHead(found.status, { "content-type": "application/json" });
      return void response.end(Buffer.from(await found.arrayBuffer()));
    }
    const { tarball, integrity, ...manifest } = own;
    const described = { ...manifest, dist: { tarball: `${url}${tarball}`, integrity } };
    response.writeHead(200, { "content-type": "application/json" });
    const { version } = own;
    // Package managers pass over what was published in the last days.
    const time = { [version]: "2020-01-01T00:00:00.000Z" };
    response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: described }, time }));
  };

  const server = createServer((request, response) => {
    answer(new URL(request.url ?? "/", url).pathname, response).catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    packages: new Map([...manifests.values()].map(({ name, version }) => [name, version])),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
