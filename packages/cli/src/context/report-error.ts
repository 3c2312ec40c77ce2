/** An error as a person or a script wants to read it: code, what on which thing, wanted and got, and what mends it. */
import { exitStatusOf } from "./exit-status.ts";
import type { ExitStatus, Interruption, Program } from "./command.ts";
import { fileError } from "@dtuf/registry/files";
import { findHint } from "./hints/hints.ts";
import type { Io } from "./io.ts";
import { encodeJson } from "./json.ts";
import { showTalk } from "./screen/show-text.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage.ts";

interface CodedError {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

interface Failed {
  readonly program: Program;
  readonly command: string;
  /** The command's <repo>, if it has one. */
  readonly repository: string | undefined;
  readonly io: Io;
  readonly terminal: Pick<Terminal, "format" | "log"> | undefined;
  readonly interruption: Interruption;
}

/** In the documents; `help CODE` prints the same entry, from every installation and without a network. */
const errorPage = "docs/errors.md";

const internal = "INTERNAL";

export async function reportError(error: unknown, failed: Failed): Promise<ExitStatus> {
  const { program, command, repository, io, terminal } = failed;
  if (io.signal.aborted && isAbort(error, io.signal)) {
    await io.stderr.write(`${program}: interrupted${await describeKept(failed.interruption)}\n`);
    return 130;
  }
  const coded = codedError(systemError(error));
  const advice =
    error instanceof UsageError
      ? error.hint
      : findHint({ code: coded.code, message: coded.message, details: coded.details, command, env: io.env }, program);
  const hint = advice?.replaceAll("<repo>", commandWord(repository) ?? "<repo>");
  terminal?.log("ERROR", `${coded.message} (${coded.code})`);
  const report = {
    code: coded.code,
    message: coded.message,
    details: coded.details,
    hint,
    help: `${program} help ${coded.code === "USAGE" ? command : coded.code}`.trim(),
  };
  await io.stderr.write(terminal?.format === "json" ? jsonReport(report) : textReport(failed, report));
  return exitStatusOf(coded.code);
}

/** What a shell reads back as the same word, so that a hint can be copied. */
function commandWord(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w./:@][\w./:@-]*$/.test(text) ? text : undefined;
}

/** What is said here was looked at after the interrupt. */
async function describeKept({ findKept }: Interruption): Promise<string> {
  const kept = await findKept?.().catch(() => undefined);
  if (kept === undefined) return "";
  const all = kept.totalBytes === undefined ? "" : ` of ${kept.totalBytes}`;
  const inVain = kept.sentInVain ?? 0;
  const again =
    inVain === 0 ? "" : `; ${inVain} more were sent, of files that the registry does not have whole and does not keep`;
  return `; run the same command again: ${kept.bytes}${all} bytes are kept${again}`;
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === "AbortError");
}

/** A system call that failed and was not looked at: it has no code of ours. What has an address is no file. */
function systemError(error: unknown): unknown {
  if (!(error instanceof Error) || "address" in error || "hostname" in error) return error;
  return fileError(error, "path" in error && typeof error.path === "string" ? error.path : "a stream or a file");
}

/** Errors with a code of ours as they are; anything else is a fault of the program and says so. */
function codedError(error: unknown): CodedError {
  if (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    /^[A-Z]+(?:_[A-Z]+)*$/.test(error.code)
  ) {
    return error as Error & CodedError;
  }
  return { code: internal, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

interface Report extends CodedError {
  readonly hint: string | undefined;
  /** The command that explains the error. */
  readonly help: string;
}

function textReport({ program, io }: Pick<Failed, "program" | "io">, { code, message, hint, help }: Report): string {
  const show = (text: string): string => showTalk(text, io);
  // Only a fault of the program has lines: its stack.
  const lines = code === internal ? message.split("\n").map(show).join("\n  ") : show(message);
  const mend = hint === undefined ? "" : `${program}: hint: ${show(hint)}\n`;
  return `${program}: ${lines} (${code})\n${mend}${program}: more: ${help}\n`;
}

function jsonReport({ code, message, details, hint, help }: Report): string {
  return `${encodeJson({ schemaVersion: 1, error: { code, message, hint, help, page: pageOf(code), details } })}\n`;
}

function pageOf(code: string): string {
  return `${errorPage}#${code.toLowerCase()}`;
}
