import { beforeAll, beforeEach } from "vitest";

/** How long a thing of a scene is the same. Its name is the same for all tests, so that they need no variable for it. */
export type During = "each test" | "all tests";

/** What `begin` returns is called at the end. */
export function before(during: During, begin: () => Promise<void | (() => Promise<unknown>)>): void {
  if (during === "each test") beforeEach(begin);
  else beforeAll(begin);
}
