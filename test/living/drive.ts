// The drive: random steps from a seed, played on an installation, and made as few as they can be where something is wrong.
import fc from 'fast-check'
import type { Engine } from '../engines.ts'
import { fragment } from './fragment.ts'
import { type Command, commands, Finding, Installation } from './installation.ts'
import { serversMax } from './places.ts'
import { Fault } from './server.ts'
import { leaveOut } from './shrink.ts'
import { plans } from './works.ts'

/** What is drawn follows from it; every test that draws says it. */
export const seed = Number(process.env.CADASTRE_DRIVE_SEED ?? 20_261_129)
/** How many times as much is tried. */
export const times = Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)

/** Replays to make a sequence smaller; each is a whole installation. */
const replaysMax = 150

export interface Work {
  readonly what: string
  readonly numbers: readonly [number, number, number, number]
  readonly isDryRun: boolean
}
export type Step =
  /** Sent without waiting in between, so that they share a transaction. */
  | { readonly do: 'work'; readonly server: number; readonly works: readonly Work[]; readonly cutAt?: number }
  /** The same to two servers at once. */
  | { readonly do: 'work at two'; readonly works: readonly [readonly Work[], readonly Work[]] }
  /** A pool is taken in two hundreds, and every other address of it given back. */
  | { readonly do: 'fragment'; readonly server: number; readonly pool: number }
  | { readonly do: 'cut' | 'restart'; readonly server: number }
  | { readonly do: 'command'; readonly command: Command; readonly n: number }
  | { readonly do: 'dump' }
  /** Which servers find out by reading, and whether all lose their connections. */
  | { readonly do: 'restore'; readonly areReading: readonly boolean[]; readonly isCut: boolean }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'ask'; readonly servers: readonly number[]; readonly order: 'readings-first' | 'tries-first' }

// Drawing --------------------------------------------------------------------------------------------------------------

const number = fc.nat({ max: 9_999 })
/** What changes rules and takes space is what may be kept wrongly: it comes more often. */
const favourites = [
  'allocateAddress',
  'createAllocation',
  'createAllocations',
  'putDocument',
  'hold',
  'confirm',
  'release',
]
const work: fc.Arbitrary<Work> = fc.record({
  what: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...favourites) },
    { weight: 3, arbitrary: fc.constantFrom(...Object.keys(plans)) },
  ),
  numbers: fc.tuple(number, number, number, number),
  isDryRun: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})
const works = fc.oneof(
  { weight: 2, arbitrary: fc.array(work, { minLength: 1, maxLength: 1 }) },
  { weight: 3, arbitrary: fc.array(work, { minLength: 2, maxLength: 7 }) },
)

/** @param isOrdinary no connection breaks, and no dump is restored */
function stepsOf(engine: Engine, { isOrdinary = false } = {}): fc.Arbitrary<Step> {
  const servers = serversMax[engine]
  // The last one is idle for long stretches.
  const server = servers === 1 ? fc.constant(0) : fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2)
  const some = (arbitrary: fc.Arbitrary<Step>, weight: number) => ({ arbitrary, weight })
  const alone: { arbitrary: fc.Arbitrary<Step>; weight: number }[] = [
    some(fc.record({ do: fc.constant('work' as const), server, works }), 40),
    some(fc.record({ do: fc.constant('fragment' as const), server, pool: number }), 1),
    some(fc.record({ do: fc.constant('restart' as const), server }), 1),
    some(
      fc.record({
        do: fc.constant('command' as const),
        command: fc.constantFrom('operator-token', 'operator-token', ...commands),
        n: number,
      }),
      10,
    ),
    some(fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(1, 1, 4, 6, 40) }), 5),
    some(
      fc.record({
        do: fc.constant('ask' as const),
        servers: servers === 1 ? fc.constant([0]) : fc.constantFrom([0], [1], [0, 1], [0, 1], [0, 1, 2]),
        order: fc.constantFrom('readings-first' as const, 'tries-first' as const),
      }),
      14,
    ),
  ]
  if (isOrdinary) return fc.oneof(...alone)
  const restores = [
    some(fc.record({ do: fc.constant('dump' as const) }), 4),
    some(
      fc.record({
        do: fc.constant('restore' as const),
        areReading: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
        isCut: fc.boolean(),
      }),
      3,
    ),
  ]
  if (servers === 1) return fc.oneof(...alone, ...restores)
  return fc.oneof(
    ...alone,
    ...restores,
    some(fc.record({ do: fc.constant('work at two' as const), works: fc.tuple(works, works) }), 6),
    some(fc.record({ do: fc.constant('work' as const), server, works, cutAt: fc.nat({ max: 3 }) }), 5),
    some(fc.record({ do: fc.constant('cut' as const), server }), 4),
  )
}
/** Always the same for a seed. */
export function drawSequences(
  engine: Engine,
  { seed, count, length, isOrdinary }: { seed: number; count: number; length: number; isOrdinary?: boolean },
): Step[][] {
  const steps = fc.array(stepsOf(engine, { isOrdinary }), { minLength: length, maxLength: length, size: 'max' })
  return fc.sample(steps, { seed, numRuns: count })
}

// Playing --------------------------------------------------------------------------------------------------------------

/** What is wrong after these steps, with what was done until then; undefined where nothing is. */
export async function play(
  engine: Engine,
  steps: readonly Step[],
): Promise<{ problem: string; log: string[] } | undefined> {
  const installation = await Installation.open(engine)
  try {
    for (const step of steps) await playOne(installation, step)
    const everybody = [...installation.servers.keys()]
    await installation.compare(everybody, 'readings-first')
    return undefined
  } catch (error) {
    if (!(error instanceof Finding) && !(error instanceof Fault)) throw error
    return { problem: error.message, log: installation.log }
  } finally {
    await installation.close()
  }
}

export async function playOne(installation: Installation, step: Step): Promise<void> {
  switch (step.do) {
    case 'work':
      await installation.send([{ server: step.server, planned: planned(installation, step.works), cutAt: step.cutAt }])
      return
    case 'work at two':
      await installation.send(step.works.map((works, server) => ({ server, planned: planned(installation, works) })))
      return
    case 'fragment':
      return fragment(installation, step.server, step.pool)
    case 'cut':
      return installation.cut(step.server)
    case 'restart':
      return installation.restart(step.server)
    case 'command':
      return installation.command(step.command, step.n)
    case 'dump':
      return installation.dump()
    case 'restore':
      return installation.restore(step)
    case 'pass':
      return installation.pass(step.seconds)
    case 'ask':
      return installation.compare(step.servers, step.order)
  }
}

const planned = ({ ledger, place }: Installation, works: readonly Work[]) =>
  works.flatMap(({ what, numbers, isDryRun }) => {
    const plan = plans[what]!(ledger, numbers, place.now)
    if (!plan) return []
    // A repeat is what it was.
    return [isDryRun && what !== 'repeat' ? { ...plan, request: { ...plan.request, isDryRun: true } } : plan]
  })

// Shrinking ------------------------------------------------------------------------------------------------------------

/** Leaves out steps, and works of steps, as long as something is still wrong. */
export async function shrink(
  engine: Engine,
  steps: readonly Step[],
  isWrong: (steps: readonly Step[]) => Promise<boolean> = async (rest) => (await play(engine, rest)) !== undefined,
): Promise<readonly Step[]> {
  let replays = 0
  const isWrongStill = async (rest: readonly Step[]): Promise<boolean> => replays++ < replaysMax && isWrong(rest)
  let smallest = await leaveOut(steps, isWrongStill, replaysMax)
  const tryOut = async (rest: readonly Step[]): Promise<boolean> => {
    if (!(await isWrongStill(rest))) return false
    smallest = rest
    return true
  }
  for (let at = 0; at < smallest.length; at++) {
    const step = smallest[at]!
    if (step.do !== 'work') continue
    for (let index = 0; ; ) {
      const current = smallest[at] as typeof step
      if (index >= current.works.length || current.works.length === 1) break
      const rest = { ...current, works: current.works.filter((_, each) => each !== index) }
      if (!(await tryOut([...smallest.slice(0, at), rest, ...smallest.slice(at + 1)]))) index++
    }
  }
  return smallest
}

/** Plays it; where something is wrong, the sentence that says what, with the smallest sequence that still shows it. */
export async function findProblem(engine: Engine, steps: readonly Step[]): Promise<string | undefined> {
  const first = await play(engine, steps)
  if (!first) return undefined
  const smallest = await shrink(engine, steps)
  const last = (await play(engine, smallest)) ?? first
  return [last.problem, '', `after ${smallest.length} steps:`, ...folded(last.log).map((line) => `  ${line}`)].join(
    '\n',
  )
}

const alikeMax = 3
/** Of many lines in a row about the same operation only the first. */
export function folded(log: readonly string[]): string[] {
  const headOf = (line: string): string => line.split('{', 1)[0]!
  const lines: string[] = []
  let alike = 0
  for (const [index, line] of log.entries()) {
    alike = index > 0 && headOf(line) === headOf(log[index - 1]!) ? alike + 1 : 0
    if (alike < alikeMax) lines.push(line)
    else if (alike === alikeMax) lines.push('… and more of the same')
  }
  return lines
}
