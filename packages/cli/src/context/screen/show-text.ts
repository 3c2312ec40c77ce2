import { escapeText } from "@dtuf/registry/escape";
import type { Io } from "../io.ts";

type World = Pick<Io, "env" | "platform">;

/** Letters beside ASCII: only if the locale says that the terminal reads UTF-8. Windows and macOS always do. */
export function isUnicode({ env, platform }: World): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return /utf-?8/i.test(locale) || (locale === "" && ["win32", "darwin"].includes(platform));
}

/** A text that may hold names from elsewhere, for one line of a terminal with that locale. */
export function showText(text: string, world: World): string {
  const escaped = escapeText(text);
  if (isUnicode(world)) return escaped;
  return escaped.replaceAll(/[^\x20-\x7e]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The same for stderr, which keeps its UTF-8 in a pipe: a log has no locale. */
export function showTalk(text: string, io: Pick<Io, "env" | "platform" | "stderr">): string {
  return io.stderr.terminal === "terminal" ? showText(text, io) : escapeText(text);
}
