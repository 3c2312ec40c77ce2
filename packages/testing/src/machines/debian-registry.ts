/**
 * The real registry of the tests, the demo and the bench: Debian's docker-registry (distribution 2.8) on a free port of
 * the loopback address.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { fetchDebianPackages } from "./debian-packages.ts";

/** Returns the path of the program, which is fetched if it is not in the cache. */
export async function fetchDebianRegistry(options: { readonly cacheDirectory: string }): Promise<string> {
  const file = "usr/bin/docker-registry";
  return join(await fetchDebianPackages({ ...options, packages: ["docker-registry"], file }), file);
}

/** Access control of the registry. Everything in PEM. */
export type RegistryForm =
  | { readonly kind: "plain" }
  /** Passwords by user name. */
  | { readonly kind: "basic"; readonly users: Readonly<Record<string, string>> }
  /** `certificate`: that of the key that signs the tokens. */
  | {
      readonly kind: "token";
      readonly realm: string;
      readonly service: string;
      readonly issuer: string;
      readonly certificate: string;
    }
  | { readonly kind: "tls"; readonly key: string; readonly cert: string; readonly clientCa?: string };

export interface RunningRegistry {
  /** host:port */
  readonly host: string;
  /** Idempotent. The data stays. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly binary: string;
  /** The folder of configuration and content, for one registry at a time. */
  readonly dataDirectory: string;
  readonly form?: RegistryForm;
}

/** Resolves when the registry listens. It ends with this process, also after a kill. */
export async function startRegistry(options: StartOptions): Promise<RunningRegistry> {
  const { binary, form = { kind: "plain" } } = options;
  const dataDirectory = resolve(options.dataDirectory);
  await mkdir(dataDirectory, { recursive: true });
  const configuration = join(dataDirectory, "config.yml");
  // JSON is YAML.
  await writeFile(configuration, JSON.stringify(await configurationOf(form, dataDirectory)));
  const child = spawn("setpriv", ["--pdeathsig", "KILL", binary, "serve", configuration], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  return { host: await listeningAddress(child), stop };
}

async function listeningAddress(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  const { promise, resolve: found, reject } = Promise.withResolvers<string>();
  if (child.stderr === null) throw new TypeError("the registry's stderr must be a pipe");
  createInterface({ input: child.stderr })
    // Read until the end, because the registry would stop at a full pipe.
    .on("line", (line) => {
      const host = /listening on ([\d.]+:\d+)/.exec(line)?.[1];
      if (host === undefined) said.push(line);
      else found(host);
    })
    .on("close", () => reject(new Error(`the registry ended:\n${said.slice(-20).join("\n")}`)));
  child.on("error", reject);
  return promise;
}

async function configurationOf(form: RegistryForm, directory: string): Promise<object> {
  const { auth, tls } = await guardOf(form, directory);
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(directory, "content") },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: "127.0.0.1:0", secret: randomBytes(16).toString("hex"), ...(tls === undefined ? {} : { tls }) },
    ...(auth === undefined ? {} : { auth }),
  };
}

async function guardOf(form: RegistryForm, directory: string): Promise<{ auth?: object; tls?: object }> {
  const file = async (name: string, text: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  switch (form.kind) {
    case "plain":
      break;
    case "basic": {
      const lines = await Promise.all(Object.entries(form.users).map(encodeHtpasswdLine));
      return { auth: { htpasswd: { realm: "test", path: await file("htpasswd", lines.join("")) } } };
    }
    case "token": {
      const { realm, service, issuer, certificate } = form;
      const rootcertbundle = await file("token.crt", certificate);
      return { auth: { token: { realm, service, issuer, rootcertbundle } } };
    }
    case "tls": {
      const certificate = await file("server.crt", form.cert);
      const key = await file("server.key", form.key);
      const { clientCa } = form;
      const clientcas = clientCa === undefined ? {} : { clientcas: [await file("client-ca.crt", clientCa)] };
      return { tls: { certificate, key, ...clientcas } };
    }
  }
  return {};
}

/** The registry accepts bcrypt only. perl, which every Debian has, offers it through libcrypt. */
async function encodeHtpasswdLine([user, password]: [string, string]): Promise<string> {
  const salt = randomBytes(11).toString("hex");
  const program = "print crypt($ARGV[0], $ARGV[1])";
  const { stdout } = await promisify(execFile)("perl", ["-e", program, password, `$2y$05$${salt}`]);
  if (!stdout.startsWith("$2y$")) throw new Error(`perl's crypt made no bcrypt hash; got ${JSON.stringify(stdout)}`);
  return `${user}:${stdout}\n`;
}
