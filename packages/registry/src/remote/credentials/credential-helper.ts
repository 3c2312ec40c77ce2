/**
 * `docker-credential-<name>`: programs that keep credentials, called by Docker's helper protocol. A helper that is
 * missing, fails, hangs or gives invalid output ends the search for credentials with an error that names it, because
 * continuing could send other credentials, or none [T62]. Secrets are passed through stdin only, and a helper's output is
 * never shown [T61].
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { platform as thisPlatform } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { OciError } from "../../errors.ts";
import { isDockerHub } from "../../oci/reference.ts";
import { collect } from "../../verifying.ts";
import { helperOutputMaxBytes, helperTimeoutMs } from "./auth-limits.ts";
import { dockerHubKey, identityTokenUser, type Credential } from "./credentials.ts";

export interface CredentialHelper {
  /** Returns undefined if the helper has no credential. @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
  find(name: string, registry: string): Promise<Credential | undefined>;
  /** @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
  store(name: string, registry: string, credential: StorableCredential): Promise<void>;
  /** Succeeds if there is nothing to erase. @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
  erase(name: string, registry: string): Promise<void>;
}

export type StorableCredential = Extract<Credential, { readonly kind: "basic" | "identity-token" }>;

export interface CredentialHelperOptions {
  /** Environment of this program. `PATH` says where helpers are; dtuf's own variables, which may hold secrets, are not passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default 60 s: a helper may ask the user to unlock a keyring. */
  readonly timeoutMs?: number | undefined;
  /** Node's word for the system, on which the program's file name depends. Default: this one. */
  readonly platform?: string | undefined;
}

type Verb = "get" | "store" | "erase";

interface Answer {
  readonly exit: number | null;
  readonly output: string;
}

/** Runs credential helpers by name. Each call starts one program with limits on time and output. */
export function createCredentialHelper(options: CredentialHelperOptions): CredentialHelper {
  const run = (name: string, verb: Verb, input: string): Promise<Answer> => runHelper(options, { name, verb, input });
  return {
    async find(name, registry) {
      const answer = await run(name, "get", keyOf(registry));
      return isNotFound(answer) ? undefined : parseAnswer(name, answer);
    },
    async store(name, registry, credential) {
      const [Username, Secret] =
        credential.kind === "basic"
          ? [credential.username, credential.password]
          : [identityTokenUser, credential.token];
      const answer = await run(name, "store", JSON.stringify({ ServerURL: keyOf(registry), Username, Secret }));
      if (answer.exit !== 0) throw unavailable(name, `exited with ${answer.exit}`);
    },
    async erase(name, registry) {
      const answer = await run(name, "erase", keyOf(registry));
      if (answer.exit !== 0 && !isNotFound(answer)) throw unavailable(name, `exited with ${answer.exit}`);
    },
  };
}

function keyOf(registry: string): string {
  return isDockerHub(registry) ? dockerHubKey : registry;
}

function isNotFound({ exit, output }: Answer): boolean {
  return exit !== 0 && output.trim() === "credentials not found in native keychain";
}

function parseAnswer(name: string, { exit, output }: Answer): Credential | undefined {
  if (exit !== 0) throw unavailable(name, `exited with ${exit}`);
  const { Username: username, Secret: secret } = parseObject(name, output);
  if (typeof username !== "string" || typeof secret !== "string")
    throw unavailable(name, "returned no user name and secret");
  if (secret === "") return undefined;
  return username === identityTokenUser
    ? { kind: "identity-token", token: secret }
    : { kind: "basic", username, password: secret };
}

function parseObject(name: string, text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return json as Record<string, unknown>;
  } catch {
    // The parser's message quotes the text, which may be a secret, so it is dropped.
  }
  throw unavailable(name, "returned no JSON object");
}

/**
 * The program is searched here, in absolute directories only, because the system's search may start in the working
 * directory [T83, CVE-2025-15558].
 */
async function findProgram(
  name: string,
  { environment, platform = thisPlatform() }: CredentialHelperOptions,
): Promise<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) throw unavailable(name, "is not a valid helper name");
  const file = `docker-credential-${name}${platform === "win32" ? ".exe" : ""}`;
  for (const directory of (environment["PATH"] ?? environment["Path"] ?? "").split(delimiter)) {
    const path = join(directory, file);
    const found = isAbsolute(directory) && (await access(path, constants.X_OK).then(yes, no));
    if (found) return path;
  }
  throw unavailable(name, `is not installed: no ${file} in PATH`);
}

const yes = (): boolean => true;
const no = (): boolean => false;

async function runHelper(
  options: CredentialHelperOptions,
  { name, verb, input }: { readonly name: string; readonly verb: Verb; readonly input: string },
): Promise<Answer> {
  const { environment, timeoutMs = helperTimeoutMs } = options;
  const program = await findProgram(name, options);
  const signal = AbortSignal.timeout(timeoutMs);
  const child = spawn(program, [verb], {
    env: withoutOwn(environment),
    stdio: ["pipe", "pipe", "ignore"],
    signal,
    killSignal: "SIGKILL",
    windowsHide: true,
  });
  // After the helper has ended, Node stops nothing, but a child process of it may keep the pipe open.
  signal.addEventListener("abort", () => child.stdout.destroy(signal.reason as Error), { once: true });
  try {
    return await converse(child, input);
  } catch (cause) {
    if (OciError.is(cause)) throw unavailable(name, `wrote more than ${helperOutputMaxBytes} bytes`);
    throw unavailable(name, signal.aborted ? `did not answer within ${timeoutMs / 1000} s` : "could not be run", cause);
  } finally {
    child.kill("SIGKILL");
    // A child process of the helper may keep the pipe open.
    child.stdout.destroy();
  }
}

async function converse(child: ChildProcessByStdio<Writable, Readable, null>, input: string): Promise<Answer> {
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  // The pipe is closed if a helper does not read its input; only its exit status matters.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [exit, bytes] = await Promise.all([ended, collect(child.stdout, helperOutputMaxBytes)]);
  return { exit, output: Buffer.from(bytes).toString() };
}

function withoutOwn(environment: CredentialHelperOptions["environment"]): Record<string, string | undefined> {
  const isOwn = ([name, value = ""]: readonly [string, string | undefined]): boolean =>
    /^(DTUF|DXF|DRCA)_/i.test(name) || value.includes("PRIVATE KEY-----");
  return Object.fromEntries(Object.entries(environment).filter((entry) => !isOwn(entry)));
}

function unavailable(name: string, what: string, cause?: unknown): OciError {
  return new OciError("OCI_CREDENTIALS_UNAVAILABLE", `credential helper ${JSON.stringify(name)} ${what}`, {
    details: { helper: name },
    ...(cause !== undefined && { cause }),
  });
}
