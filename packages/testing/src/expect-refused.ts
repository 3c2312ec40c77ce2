import { expect } from "vitest";

/**
 * Asserts that the work is refused with an error of this code. A promise, or a function that gives one, is awaited; a
 * function that gives none must throw.
 * @param more further fields of the error, such as `details`, compared as `toMatchObject` does
 */
export function expectRefused(
  work: Promise<unknown> | undefined | (() => Promise<unknown>),
  code: string | undefined,
  more?: object,
): Promise<void>;
export function expectRefused(work: () => unknown, code: string | undefined, more?: object): void;
export function expectRefused(
  work: Promise<unknown> | undefined | (() => unknown),
  code: string | undefined,
  more: object = {},
): Promise<void> | void {
  const wanted = { code, ...more };
  if (typeof work !== "function") return expect(work).rejects.toMatchObject(wanted);
  let result: unknown;
  try {
    result = work();
  } catch (error) {
    expect(error).toMatchObject(wanted);
    return undefined;
  }
  if (result instanceof Promise) return expect(result).rejects.toMatchObject(wanted);
  return expect.fail(`was not refused; wanted ${code}`);
}
