/** Names of targets that cannot lie in one directory. TUF keeps them apart, and other clients may too. */

export interface NameClash {
  /** Indexes of the two names. */
  readonly between: readonly [number, number];
  /** "name": many file systems take both for one name. "directory": the first is a directory in the second. */
  readonly kind: "name" | "directory";
}

/** Names as a disk compares them that knows no case and no spelling of accents. Linear in the lengths of the names. */
export function findNameClashes(names: readonly string[]): readonly NameClash[] {
  const folded = names.map((name) => name.normalize("NFC").toLowerCase());
  const first = new Map<string, number>();
  for (const [index, name] of folded.entries()) if (!first.has(name)) first.set(name, index);
  return folded.flatMap((name, index): readonly NameClash[] => {
    const other = first.get(name) ?? index;
    if (other !== index) return [{ between: [other, index], kind: "name" }];
    return directoriesOf(name).flatMap((directory) => {
      const file = first.get(directory);
      return file === undefined ? [] : [{ between: [file, index], kind: "directory" }];
    });
  });
}

function directoriesOf(name: string): readonly string[] {
  const found: string[] = [];
  for (let end = name.indexOf("/"); end >= 0; end = name.indexOf("/", end + 1)) found.push(name.slice(0, end));
  return found;
}

/** What to say of the first pair with a name that counts, and how many others there are. A name that is listed twice is one. */
export function findClashWarning(listed: Iterable<string>, counts: (name: string) => boolean): string | undefined {
  const names = [...new Set(listed)];
  const clashes = findNameClashes(names).filter(({ between }) => between.some((index) => counts(names[index] ?? "")));
  const [first] = clashes;
  if (first === undefined) return undefined;
  const [one, other] = first.between.map((index) => JSON.stringify(names[index]));
  const why = {
    name: `the targets ${one} and ${other} are one file name on many systems: no pull can save both into one directory`,
    directory: `the target ${one} is a file, and ${other} needs a directory of that name: no pull with --tree can save both`,
  }[first.kind];
  const more = clashes.length === 1 ? "" : ` (${clashes.length - 1} more such pairs)`;
  return `${why}${more}; rename one, or have them pulled one by one with --output FILE`;
}
