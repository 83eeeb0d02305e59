// Moments as people write and read them, in their own time zone. The API itself knows RFC 3339 alone.

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** A name of the IANA time zone database, such as `Europe/Berlin`. */
  readonly zone: string
}

/** Whether a length of time such as `7d` counts back from now (what a list looks back at) or ahead (when something ends). */
export type Direction = 'back' | 'ahead'

export const momentForms =
  '`2026-12-05`, `2026-12-05 18:00`, `today`, `tomorrow 18:00`, `yesterday`, `now`, `90s`, `30m`, `12h`, `7d`, or RFC 3339'

export type ReadMoment = { readonly moment: string } | { readonly problem: string }

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/
const localMoment = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{1,2}:\d{2}(?::\d{2})?))?$/
const dayMoment = /^(today|tomorrow|yesterday)(?: (\d{1,2}:\d{2}(?::\d{2})?))?$/
/** At most as many as there can be before the calendar of the platform ends. */
const spanPattern = /^(\d{1,6})([smhd])$/
const spanMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const daysFromToday = { yesterday: -1, today: 0, tomorrow: 1 } as const

/**
 * A moment as RFC 3339 writes it. A day alone is its first moment; a day of a length of time has 24 hours, whatever the zone
 * does meanwhile. A wall time that the zone leaves out or has twice is asked about, not guessed.
 */
export function readMoment(text: string, { now, zone }: Clock, direction: Direction): ReadMoment {
  // As it was written: the server reads it, and says what is wrong with it.
  if (rfc3339.test(text)) return { moment: text.replace(' ', 'T') }
  if (text === 'now') return { moment: new Date(now).toISOString() }
  const span = spanPattern.exec(text)
  if (span) {
    const length = Number(span[1]) * spanMs[span[2] as keyof typeof spanMs]
    return { moment: new Date(direction === 'back' ? now - length : now + length).toISOString() }
  }
  const named = dayMoment.exec(text)
  if (named) {
    const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate()
    const day = today.add({ days: daysFromToday[named[1] as keyof typeof daysFromToday] })
    return localTime(day, named[2], zone)
  }
  const local = localMoment.exec(text)
  if (local) {
    const day = dayOf(local[1]!)
    return day ? localTime(day, local[2], zone) : { problem: `there is no day \`${local[1]}\`` }
  }
  return { problem: `a moment is expected: ${momentForms}` }
}

function dayOf(text: string): Temporal.PlainDate | undefined {
  try {
    return Temporal.PlainDate.from(text)
  } catch {
    // Only the calendar can say: the 30th of February, or a month 13.
    return undefined
  }
}

function localTime(day: Temporal.PlainDate, clock: string | undefined, zone: string): ReadMoment {
  // Midnight itself may be left out: the day begins at its first moment.
  if (clock === undefined) return { moment: formatUtc(day.toZonedDateTime(zone)) }
  const [hour, minute, second = 0] = clock.split(':').map(Number) as [number, number, number?]
  if (hour > 23 || minute > 59 || second > 59) return { problem: `there is no time \`${clock}\` in a day` }
  const wall = day.toPlainDateTime({ hour, minute, second })
  const earlier = wall.toZonedDateTime(zone, { disambiguation: 'earlier' })
  const later = wall.toZonedDateTime(zone, { disambiguation: 'later' })
  if (earlier.epochMilliseconds === later.epochMilliseconds) return { moment: formatUtc(earlier) }
  const choices = [earlier, later].map((each) => `\`${each.toString({ timeZoneName: 'never' })}\``).join(' or ')
  const isLeftOut = !earlier.toPlainDateTime().equals(wall)
  return {
    problem: isLeftOut
      ? `in ${zone} there is no ${clock} on ${day}: the clocks go forward; did you mean ${choices}?`
      : `in ${zone} it is ${clock} twice on ${day}: the clocks go back; did you mean ${choices}?`,
  }
}

const formatUtc = (moment: Temporal.ZonedDateTime): string => new Date(moment.epochMilliseconds).toISOString()

const shownPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/

/** A moment of the API as people read it, to the second, with the offset of their zone; undefined for any other text. */
export function formatMoment(text: string, zone: string): string | undefined {
  if (!shownPattern.test(text)) return undefined
  const milliseconds = Date.parse(text)
  if (Number.isNaN(milliseconds)) return undefined
  const local = Temporal.Instant.fromEpochMilliseconds(milliseconds).toZonedDateTimeISO(zone)
  const [day, clock] = local.toPlainDateTime().toString({ smallestUnit: 'second' }).split('T')
  return `${day} ${clock}${local.offsetNanoseconds === 0 ? 'Z' : local.offset}`
}

const shownMoment = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2}(?::\d{2})?)$/

/** The offset of a moment as `formatMoment` writes it; undefined for any other text. */
export const offsetOf = (shown: string): string | undefined => shownMoment.exec(shown)?.[1]
export const withoutOffset = (shown: string): string => shown.slice(0, shown.length - (offsetOf(shown)?.length ?? 0))
