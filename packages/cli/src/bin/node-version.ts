/** Imports nothing, and its syntax is old: it has to run on the Node that it refuses. */

/** The oldest that runs the program, as `engines` in package.json says. */
export const oldestNode = "24.15";

/** The sentence for a Node that is too old, without the line's end. */
export function refuseNode(program: string, version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = oldestNode.split(".").map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return undefined;
  return `${program} needs Node ${oldestNode} or newer; this is ${major}.${minor}`;
}
