/** Output of the demo: chapters, commands as a user types them, and their unchanged output. */
import { styleText } from "node:util";

const columns = 100;
let chapters = 0;

const out = (text: string): void => void process.stdout.write(text);

export function chapter(title: string, text: string): void {
  chapters += 1;
  out(`\n${styleText("bold", `${chapters}. ${title}`)}\n${wrap(text)}\n\n`);
}

export function chapterEnd(text: string): void {
  out(`\n${styleText(["bold", "green"], text)}\n`);
}

export function say(text: string): void {
  out(`${wrap(text)}\n`);
}

export function showCommand(machine: string, words: readonly string[]): void {
  out(`${styleText("cyan", `${machine}$`)} ${words.map(quote).join(" ")}\n`);
}

export function showOutput(text: string): void {
  for (const line of text.split("\n").filter((one) => one !== "")) out(`    ${line}\n`);
}

export function showRefusal(status: number): void {
  out(`    ${styleText("yellow", `refused: exit status ${status}`)}\n`);
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function wrap(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last.length + word.length + 1 > columns) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.join("\n");
}
