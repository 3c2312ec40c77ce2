/** How bash reads a line, and how a name must be written to be one word of it. */

export interface ShellLine {
  /** Without quotes. The last one, which may be empty, is the one at the cursor. */
  readonly words: readonly string[];
  /** The last one as it was typed. */
  readonly typed: string;
}

/** A line that ends at the cursor. Nothing is expanded. */
export function readShellLine(line: string): ShellLine {
  const words: string[] = [];
  let [word, typed, quote] = ["", "", ""];
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at);
    const escapes = letter === "\\" && quote !== "'";
    if (/\s/.test(letter) && quote === "") {
      if (typed !== "") words.push(word);
      [word, typed] = ["", ""];
      continue;
    }
    typed += letter;
    if (escapes) {
      at += 1;
      typed += line.charAt(at);
      word += line.charAt(at);
    } else if (letter === quote) quote = "";
    else if (quote === "" && (letter === '"' || letter === "'")) quote = letter;
    else word += letter;
  }
  return { words: [...words, word], typed };
}

const plain = /^[\p{L}\p{N}_./@:+,%=^-]$/u;

/** Undefined if it cannot be offered for what was typed: between quotes only what needs none. */
export function quoteForBash(
  name: string,
  { typed, rest }: { readonly typed: string; readonly rest: string },
): string | undefined {
  const quoted = Array.from(name, (letter) => (plain.test(letter) ? letter : `\\${letter}`)).join("");
  if (/["']/.test(typed)) return quoted === name ? name : undefined;
  // Bash completes the part of a word after its last : = or @.
  const kept = typed.endsWith(rest) ? typed.slice(0, typed.length - rest.length) : "";
  return quoted.startsWith(kept) ? quoted.slice(kept.length) : undefined;
}
