/** Sizes of chunks, in bytes. An average is a power of two; a quarter of it is the least, four times it is the most. */

export const averageMin: number = 4 * 1024;
/** A reader holds one chunk in memory, of at most four times this. */
export const averageMax: number = 4 * 1024 * 1024;

/** Smaller targets have no index: fetching them whole costs less than fetching an index first. */
export const indexedMinBytes: number = 1024 * 1024;

/** An index of this many chunks has 9.4 MB. */
const chunksWanted = 2 ** 18;

/** Below this length, chunks of 64 KiB find more that two versions have in common. */
const smallBelow = 4 * 1024 ** 3;

/** The average for a content of this length: 64 KiB below 4 GiB, then 256 KiB, and more beyond 64 GiB. */
export function chooseAverage(length: number): number {
  let average = length < smallBelow ? 64 * 1024 : 256 * 1024;
  while (average < averageMax && length / average > chunksWanted) average *= 2;
  return average;
}

/** Whether chunks may have this average: a power of two from 4 KiB to 4 MiB. */
export function isAverage(value: number): boolean {
  return value >= averageMin && value <= averageMax && Number.isInteger(Math.log2(value));
}
