// When a pool runs dry, as far as its past tells: the method that forecasters call "random walk with drift".

/** How much of a pool was used at the end of a week, in addresses; weeks follow one another without a gap. */
export type WeeklyUse = readonly bigint[]

/** Why nothing can be said. */
export type NoForecast = 'short-history' | 'not-growing' | 'beyond-horizon'

export interface Forecast {
  /** Addresses that are used more each week, on average. */
  readonly growthPerWeek: number
  /** Weeks from the last value until nothing is left, with parts of a week; undefined: see `none`. */
  readonly weeks: number | undefined
  /** In four of five pools with such a past it happens between these two, in weeks likewise; undefined: not within the horizon. */
  readonly earliest: number | undefined
  readonly latest: number | undefined
  readonly none: NoForecast | undefined
}

/** Weeks of growth that are needed before anything is said. */
export const growthWeeksMin = 3
/** Nothing is said of what lies further ahead: ten years. */
export const horizonWeeks = 520

/** The standard normal quantile of 90 %: 10 % are below the interval and 10 % above it. */
const quantile = 1.2816

/**
 * Forecasts when the use of a pool reaches what it has. Use goes on as it went on average, `y(T) + h * (y(T) - y(1)) / (T - 1)`,
 * and h weeks ahead it spreads with the variance `s^2 * h * (1 + h / (T - 1))`, s^2 being that of the weekly growth
 * (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, sections 5.2 and 5.5: the drift method).
 * @param use at the ends of weeks, the oldest first
 * @param capacity addresses that the pool has now
 */
export function forecast(use: WeeklyUse, capacity: bigint): Forecast {
  const steps = use.slice(1).map((value, at) => Number(value - use[at]!))
  if (steps.length < growthWeeksMin) return nothingSaid(steps.length === 0 ? 0 : meanOf(steps), 'short-history')
  const drift = meanOf(steps)
  const variance = steps.reduce((sum, step) => sum + (step - drift) ** 2, 0) / (steps.length - 1)
  const left = Number(capacity - use.at(-1)!)
  if (left <= 0) return { growthPerWeek: drift, weeks: 0, earliest: 0, latest: 0, none: undefined }
  const spread = (weeks: number): number => quantile * Math.sqrt(variance * weeks * (1 + weeks / steps.length))
  const earliest = firstMoment((weeks) => drift * weeks + spread(weeks) >= left)
  if (drift <= 0) return { ...nothingSaid(drift, 'not-growing'), earliest }
  const weeks = left / drift
  if (weeks > horizonWeeks) return { ...nothingSaid(drift, 'beyond-horizon'), earliest }
  return {
    growthPerWeek: drift,
    weeks,
    earliest,
    latest: firstMoment((later) => drift * later - spread(later) >= left),
    none: undefined,
  }
}

const nothingSaid = (growthPerWeek: number, none: NoForecast): Forecast => ({
  growthPerWeek,
  weeks: undefined,
  earliest: undefined,
  latest: undefined,
  none,
})

/** Halves of a week until what is left of it is less than a minute. */
const halvings = 14
/** When it begins to hold within the horizon, in weeks with parts of one. */
function firstMoment(holds: (weeks: number) => boolean): number | undefined {
  for (let week = 1; week <= horizonWeeks; week++) {
    if (!holds(week)) continue
    let [before, by] = [week - 1, week]
    for (let halved = 0; halved < halvings; halved++) {
      const middle = (before + by) / 2
      if (holds(middle)) by = middle
      else before = middle
    }
    return by
  }
  return undefined
}
const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
