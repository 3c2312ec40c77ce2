/** A clock that stands still until a test moves it. */
export interface FixedClock {
  /** Returns a new Date each time. Pass the method itself as `now`. */
  readonly now: () => Date;
  advance(by: { readonly days?: number; readonly hours?: number; readonly seconds?: number }): void;
}

export function createFixedClock(start: Date | string = "2030-01-01T00:00:00Z"): FixedClock {
  let time = new Date(start).getTime();
  return {
    now: () => new Date(time),
    advance({ days = 0, hours = 0, seconds = 0 }) {
      time += ((days * 24 + hours) * 3600 + seconds) * 1000;
    },
  };
}
