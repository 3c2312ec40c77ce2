/**
 * `exec:COMMAND ARGUMENTS…`: a program that signs. It is run without a shell, with one more argument: `public-key`, and
 * it prints the public key in PEM; or `sign`, and it reads the payload from stdin and prints the signature, the bytes
 * alone (64 for ed25519; DER for ECDSA; PSS for RSA). A space inside a word is written %20. The program's environment has
 * no secrets of ours: only PATH and its like.
 */
import { spawn } from "node:child_process";
import { keyFromPem, keyIdOf } from "@dtuf/tuf";
import { deadlineOf, unavailable, type OpenScheme, type SignerContext } from "../context.ts";
import { SignerError } from "../errors.ts";
import { commandOutputMaxBytes } from "../limits.ts";

/** What programs need to find their files, their agents and their words. */
const passedOn: ReadonlySet<string> = new Set([
  ...["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP", "XDG_RUNTIME_DIR"],
  ...["XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY", "SSH_AUTH_SOCK"],
  ...["SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA"],
]);

export const openCommand: OpenScheme = async ({ rest, text }, context) => {
  const [program, ...words] = rest
    .split(" ")
    .filter((word) => word !== "")
    .map(decodeWord);
  if (program === undefined) throw new SignerError("SIGNER_URI_INVALID", `${text}: wanted exec:COMMAND`);
  const run = (action: "public-key" | "sign", input: Uint8Array): Promise<Buffer> =>
    runCommand({ program, words: [...words, action], input }, context);
  const key = context.key ?? keyFromPem((await run("public-key", new Uint8Array())).toString("utf8"));
  return { key, keyId: keyIdOf(key), sign: (payload) => run("sign", payload) };
};

function decodeWord(word: string): string {
  return word.replaceAll("%20", " ").replaceAll("%25", "%");
}

interface Call {
  readonly program: string;
  readonly words: readonly string[];
  readonly input: Uint8Array;
}

async function runCommand({ program, words, input }: Call, context: SignerContext): Promise<Buffer> {
  const env = Object.fromEntries(Object.entries(context.env).filter(([name]) => passedOn.has(name)));
  const signal = deadlineOf(context);
  const child = spawn(program, words, { env, shell: false, windowsHide: true, signal, killSignal: "SIGKILL" });
  const [output, complaint] = [createCollector(), createCollector()];
  // A child of the program may have the pipes too, and keep them open after the program has ended.
  const closePipes = (): void => {
    for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
  };
  child.stdout.on("data", (chunk: Buffer) => {
    if (output.add(chunk)) return;
    child.kill("SIGKILL");
    closePipes();
  });
  child.stderr.on("data", (chunk: Buffer) => void complaint.add(chunk));
  // A program that does not read its input is judged by its output.
  child.stdin.on("error", () => undefined).end(input);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
    const stop = (): void => {
      closePipes();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", stop, { once: true });
  }).catch((cause: unknown) => {
    throw unavailable(`the command ${program}`, context, signal.aborted ? signal.reason : cause);
  });
  if (status === 0 && output.isWhole() && output.bytes().length > 0) return output.bytes();
  throw failed(program, status, { output, complaint });
}

function failed(
  program: string,
  status: number | null,
  { output, complaint }: Readonly<Record<"output" | "complaint", Collector>>,
): SignerError {
  const said = complaint.bytes().toString("utf8").trim().slice(0, 300);
  const how = !output.isWhole()
    ? `printed more than ${commandOutputMaxBytes} bytes`
    : status === 0
      ? "printed nothing"
      : `ended with ${status === null ? "a signal" : `status ${status}`}`;
  return new SignerError("SIGNER_UNAVAILABLE", `the command ${program} ${how}${said === "" ? "" : `: ${said}`}`, {
    details: { program },
  });
}

interface Collector {
  /** Returns false if this is more than is kept. */
  add(chunk: Buffer): boolean;
  isWhole(): boolean;
  bytes(): Buffer;
}

function createCollector(): Collector {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add(chunk) {
      size += chunk.length;
      if (size <= commandOutputMaxBytes) chunks.push(chunk);
      return size <= commandOutputMaxBytes;
    },
    isWhole: () => size <= commandOutputMaxBytes,
    bytes: () => Buffer.concat(chunks),
  };
}
