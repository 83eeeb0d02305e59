// What a benchmark may say after some rounds: the median, its spread, between what it lies, and what that says of a goal.

/** Of every value that counts here: an interval like this one holds the true median in 95 runs of 100. */
const confidence = 0.95
/** Fewer rounds tell nothing: even the least and the greatest of them hold the true median less often than that. */
export const roundsMin = 6

export interface Summary {
  readonly rounds: number
  readonly median: number
  /** The middle half of the rounds lies between these. */
  readonly quartiles: readonly [number, number]
  /** Between which two rounds the true median lies; undefined where there are too few to say. */
  readonly interval: readonly [number, number] | undefined
}

/** By linear interpolation between the nearest two; NaN of nothing. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN]
  return below + (above - below) * (at - Math.floor(at))
}
export const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )

export function summaryOf(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const outside = outsideOf(sorted.length)
  return {
    rounds: sorted.length,
    median: quantile(sorted, 0.5),
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    interval: outside === undefined ? undefined : [sorted[outside]!, sorted[sorted.length - 1 - outside]!],
  }
}

/**
 * How many rounds at either end may be left out. Each round falls below the true median as a coin falls, whatever the noise
 * looks like, so this needs no assumption about it.
 */
function outsideOf(rounds: number): number | undefined {
  let [chance, below] = [0.5 ** rounds, 0]
  let outside: number | undefined
  for (let count = 0; count < rounds / 2; count++) {
    below += chance
    if (2 * below > 1 - confidence) return outside
    outside = count
    chance = (chance * (rounds - count)) / (count + 1)
  }
  return outside
}

/** How wide the interval is, as a part of the median. */
export const spreadOf = ({ interval, median }: Summary): number =>
  interval ? (interval[1] - interval[0]) / Math.abs(median) : Infinity

export type Goal = { readonly atLeast: number } | { readonly atMost: number }
export type Verdict = 'met' | 'missed' | 'cannot tell'

/** A goal within the interval may be met or missed: then the machine is too noisy, or the rounds are too few. */
export function verdictOf(goal: Goal, { interval }: Summary): Verdict {
  if (!interval) return 'cannot tell'
  const [low, high] = interval
  const [isMet, isMissed] =
    'atLeast' in goal ? [low >= goal.atLeast, high < goal.atLeast] : [high <= goal.atMost, low > goal.atMost]
  return isMet ? 'met' : isMissed ? 'missed' : 'cannot tell'
}

/** What was measured, a value for each round, and what it should be. */
export interface Figure {
  readonly what: string
  readonly values: readonly number[]
  readonly goal?: Goal
}

export interface Rounds {
  /** At most; it ends before where all figures are as steady as `spreadMax`. */
  readonly max: number
  readonly spreadMax: number
  /** No round begins later than this after the first. */
  readonly msMax: number
}

/** Repeats a measurement until its figures are steady. The figures of all rounds have the same names, and ratios are made within a round. */
export async function measureRounds<Name extends string>(
  { max, spreadMax, msMax }: Rounds,
  measure: (round: number) => Promise<Readonly<Record<Name, number>>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const values = {} as Record<Name, number[]>
  const since = performance.now()
  for (let round = 0; round < max && (round === 0 || performance.now() - since < msMax); round++) {
    const measured = await measure(round)
    for (const name of Object.keys(measured) as Name[]) {
      values[name] ??= []
      values[name].push(measured[name])
    }
    const all = Object.values(values) as number[][]
    if (round + 1 >= roundsMin && all.every((list) => spreadOf(summaryOf(list)) <= spreadMax)) break
  }
  return values
}

const shown = (value: number): string => value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)
const goalText = (goal: Goal | undefined): string =>
  !goal ? '' : 'atLeast' in goal ? `≥ ${shown(goal.atLeast)}` : `≤ ${shown(goal.atMost)}`

/** One line for each figure: its median, its quartiles, between what the true median lies, the goal and the verdict. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, values, goal }) => {
    const summary = summaryOf(values)
    const { quartiles, interval, rounds } = summary
    return [
      what,
      shown(summary.median),
      `${shown(quartiles[0])} to ${shown(quartiles[1])}`,
      interval ? `${shown(interval[0])} to ${shown(interval[1])}` : 'too few rounds',
      String(rounds),
      goalText(goal),
      goal ? verdictOf(goal, summary) : '',
    ]
  })
  const all = [['', 'median', 'quartiles', 'true median (95 %)', 'rounds', 'goal', 'verdict'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Instructions in the output of `perf stat -x, -e instructions:u`; undefined where the machine does not count them. */
export function instructionsIn(output: string): number | undefined {
  const count = /^(\d+),[^,]*,instructions/m.exec(output)?.[1]
  return count === undefined ? undefined : Number(count)
}
