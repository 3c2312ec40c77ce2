/** SoftHSM 2 from Debian: a PKCS#11 module whose tokens are files, with a token that tests put keys into. */
import { execFile } from "node:child_process";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fetchDebianPackages } from "./debian-packages.ts";

const run = promisify(execFile);

export interface SoftHsm {
  /** The path of the PKCS#11 module. */
  readonly module: string;
  /** The module reads its path from SOFTHSM2_CONF. */
  readonly configuration: string;
  readonly pin: string;
  /** Makes a token with a private key (PKCS#8, PEM) of the id. */
  importKey(label: string, id: number, pem: string): Promise<void>;
  /** What pulling the device out does: the tokens are gone. */
  unplug(): Promise<void>;
}

export async function createSoftHsm(options: {
  readonly cacheDirectory: string;
  readonly directory: string;
}): Promise<SoftHsm> {
  const { cacheDirectory, directory } = options;
  const file = "usr/lib/softhsm/libsofthsm2.so";
  const root = await fetchDebianPackages({ cacheDirectory, packages: ["softhsm2", "libsofthsm2"], file });
  const [module, configuration, tokens] = [
    join(root, file),
    join(directory, "softhsm2.conf"),
    join(directory, "tokens"),
  ];
  await mkdir(tokens, { recursive: true });
  await writeFile(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const pin = "648219";
  const tool = (...words: readonly string[]): Promise<unknown> =>
    run(join(root, "usr/bin/softhsm2-util"), ["--module", module, ...words], { env: { SOFTHSM2_CONF: configuration } });
  return {
    ...{ module, configuration, pin },
    async importKey(label, id, pem) {
      const path = join(directory, `${label}.pem`);
      await writeFile(path, pem);
      await tool("--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", pin);
      const hex = Buffer.of(id).toString("hex");
      await tool("--import", path, "--token", label, "--label", label, "--id", hex, "--pin", pin);
    },
    unplug: () => rename(tokens, `${tokens}-unplugged`),
  };
}
