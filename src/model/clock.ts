// Time as the record has it: never earlier than its newest entry, whatever a clock says.

/**
 * By so much a clock may be behind the record: time stands still until it has caught up, so that an hour or a time zone that
 * was mistaken stops nobody. Beyond it nothing is written.
 */
export const clockBehindMsMax = 86_400_000

export const dayMs = 86_400_000
export const hourMs = 3_600_000
/** Days since 1970, in UTC, of milliseconds since then. */
export const dayOf = (at: number): number => Math.floor(at / dayMs)
/** When a day is over, in milliseconds since 1970. */
export const endOfDay = (day: number): number => (day + 1) * dayMs

export const isFarBehind = (clock: number, newestAt: number): boolean => newestAt - clock > clockBehindMsMax

/** For the operator, who alone knows which of the two moments is right. */
export function describeFarBehind(clock: number, newestAt: number): string {
  const [says, newest] = [clock, newestAt].map((at) => new Date(at).toISOString())
  return `the clock says ${says}, but the newest audit entry is of ${newest}: nothing is written while it is more than ${clockBehindMsMax / 3_600_000} hours behind; set the clock right, or, where it is right and had been ahead, say so with \`cadastre database accept\``
}
