// `cadastre simulate`: begins a simulation, or goes on with one, waits for its end and prints what came of it.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { NativeRequest } from './arguments.ts'
import { type Page, pagesOf, send } from './client.ts'
import { Stopped, UsageProblem } from './exit-codes.ts'
import { printOwn } from './own-answers.ts'
import type { Output } from './own-flags.ts'
import { paintOf } from './paint.ts'
import { printable } from './printable.ts'
import { getServer, type Server } from './profiles.ts'
import type { Surroundings } from './surroundings.ts'
import { type Item, renderTable } from './table.ts'

/** How often it is asked how far it is. */
const askedEveryMs = 500

interface Simulation extends Item {
  readonly simulationId: string
  readonly status: string
  readonly phase: string
  readonly percent: number
  readonly days: number
  readonly isWhole?: boolean
  readonly totals?: Readonly<Record<string, number>>
  readonly refusal?: { readonly code: string; readonly operation?: number; readonly problem?: string }
}
interface Sample {
  readonly kind: string
  readonly link?: string
  readonly present?: Told
  readonly candidate?: Told
  readonly setting?: string
}
interface Told {
  readonly outcome: string
  readonly poolId?: string
  readonly setting?: string
}

/** What happens, in the order in which it matters: the member that counts it, and what it is called. */
const happenings = {
  newlyDenied: 'newly denied',
  exhausted: 'find no room',
  elsewhere: 'served elsewhere',
  newlyAllowed: 'newly allowed',
  otherSize: 'of another size',
  noncompliant: 'comply no more',
  compliant: 'comply again',
} as const
const kindsInOrder = [
  'newly-denied',
  'exhausted',
  'elsewhere',
  'newly-allowed',
  'other-size',
  'noncompliant',
  'compliant',
]
const ofRequests = ['newlyDenied', 'exhausted', 'elsewhere', 'newlyAllowed', 'otherSize'] as const
const ofResources = ['noncompliant', 'compliant'] as const

/** @param planned what is to be simulated, where that comes from elsewhere than the words */
export async function simulate(
  args: ReadonlyMap<string, string>,
  around: Surroundings,
  planned?: readonly object[],
): Promise<void> {
  const [operations, id, days, format] = ['operations', 'simulation', 'days', 'output'].map((name) => args.get(name))
  if ([planned, operations, id].filter((one) => one !== undefined).length !== 1)
    throw new UsageProblem('Give one of `--dir`, `--operations`, and `--simulation` of one that was begun.')
  if (id !== undefined && days !== undefined)
    throw new UsageProblem('`--days` is for one that begins: leave it out with `--simulation`.')
  const [url, profile] = [args.get('url'), args.get('profile')]
  const flags = { ...(url === undefined ? {} : { url }), ...(profile === undefined ? {} : { profile }) }
  const server = await getServer(around.settings, flags)
  const begun = id ?? (await begin(server, planned ?? (await operationsIn(operations!, around)), days))
  const done = await untilOver(server, begun, around)
  if (done.status !== 'done') throw stoppedBy(done)
  const groups = await itemsOf(server, `/simulations/${nameOf(begun)}/groups`)
  const pools = await itemsOf(server, `/simulations/${nameOf(begun)}/pools`)
  const answer = { ...done, groups, pools }
  const output = format as Output | undefined
  const text = output === undefined || output === 'table' ? textFor({ done, groups, pools }, around) : undefined
  await printOwn(
    { answer, fields: Object.keys(answer), ...(text === undefined ? {} : { text }) },
    text === undefined ? output : undefined,
    around,
  )
}

/** JSON, or a file or the standard input with JSON: a list, or an object that has it as `operations`. */
async function operationsIn(given: string, { input }: Surroundings): Promise<unknown> {
  const source = given === '-' ? await textOf(input) : given.startsWith('@') ? await readFrom(given.slice(1)) : given
  try {
    const read = JSON.parse(source) as unknown
    return typeof read === 'object' && read !== null && 'operations' in read ? read.operations : read
  } catch (error) {
    throw new Stopped('wrongWords', `\`--operations\` is no JSON: ${(error as Error).message}.`)
  }
}
async function readFrom(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new Stopped('wrongWords', `\`@${file}\` cannot be read: ${(error as Error).message}.`)
  }
}

async function begin(server: Server, operations: unknown, days: string | undefined): Promise<string> {
  const body = { operations, ...(days === undefined ? {} : { days: Number(days) }) }
  const request: NativeRequest = { method: 'POST', path: '/simulations', query: {}, body }
  const { text } = await send(server, request, { 'idempotency-key': randomUUID() })
  return (JSON.parse(text) as Simulation).simulationId
}

const reading = (path: string): NativeRequest => ({ method: 'GET', path, query: {}, body: undefined })
const nameOf = (id: string): string => encodeURIComponent(id)

/** Says on the last line of a terminal how far it is. */
async function untilOver(server: Server, id: string, { err, width }: Surroundings): Promise<Simulation> {
  let shown = 0
  try {
    for (;;) {
      const now = JSON.parse((await send(server, reading(`/simulations/${nameOf(id)}`))).text) as Simulation
      if (now.status !== 'waiting' && now.status !== 'running') return now
      if (width !== undefined) {
        const line = printable(`${id}: ${now.phase}, ${now.percent} %`).slice(0, width - 1)
        err(`\r${line.padEnd(shown)}`)
        shown = line.length
      }
      await pause(askedEveryMs)
    }
  } finally {
    if (shown > 0) err(`\r${' '.repeat(shown)}\r`)
  }
}

function stoppedBy({ simulationId, status, refusal }: Simulation): Stopped {
  if (status !== 'refused' || !refusal) return new Stopped('failed', `${simulationId} is ${status}.`)
  const { operation, code, problem } = refusal
  const which = operation === undefined ? 'The change' : `Operation ${operation}`
  const why = problem === undefined ? '' : `: ${problem}`
  return new Stopped('conflict', `${which} would be refused, as ${code}${why}.`)
}

async function itemsOf(server: Server, path: string): Promise<readonly Item[]> {
  const items: Page['items'][number][] = []
  for await (const page of pagesOf(server, reading(path))) items.push(...page.items)
  return items
}

interface Results {
  readonly done: Simulation
  readonly groups: readonly Item[]
  readonly pools: readonly Item[]
}
function textFor({ done, groups, pools }: Results, { width, clock, colours }: Surroundings): string {
  const { simulationId, days, isWhole, totals = {} } = done
  const sums = (names: readonly (keyof typeof happenings)[]): string =>
    names.flatMap((name) => (totals[name] ? [`${totals[name]} ${happenings[name]}`] : [])).join(', ') || 'as now'
  const looks = { zone: clock().zone, width: width ?? widthDefault, paint: paintOf(colours.out) }
  const table = (columns: readonly string[], items: readonly Item[]): string =>
    items.length === 0 ? '' : `\n${renderTable(columns, items, looks).text}`
  const happened = Object.keys(happenings).filter((name) => groups.some((group) => Number(group[name]) > 0))
  return [
    `${simulationId}\n`,
    `${totals.requests} requests of ${days} days: ${sums(ofRequests)}\n`,
    `${totals.resources} resources in use: ${sums(ofResources)}\n`,
    isWhole ? '' : 'There is more than was looked at, or told apart.\n',
    table(['account', 'resourceType', 'locale', ...happened], groups),
    table(['pool', 'free', 'takesNow', 'takesThen', 'dryInDays', 'dryInDaysThen'], pools.map(poolRow)),
    samplesIn(groups),
  ].join('')
}
const widthDefault = 80

function poolRow({ poolId, present, candidate }: Item): Item {
  const [now, then] = [present, candidate] as [Item | undefined, Item | undefined]
  return {
    pool: poolId,
    free: (then ?? now)?.free,
    takesNow: now?.taken,
    takesThen: then?.taken,
    dryInDays: now?.dryInDays,
    dryInDaysThen: then?.dryInDays,
  }
}

/** One of each kind, what matters most first. */
function samplesIn(groups: readonly Item[]): string {
  const all = groups.flatMap((group) => group.samples as readonly Sample[])
  const samples = kindsInOrder.flatMap((kind) => all.find((one) => one.kind === kind) ?? [])
  if (samples.length === 0) return ''
  const told = ({ outcome, poolId, setting }: Told): string => [outcome, poolId ?? setting].filter(Boolean).join(' ')
  const lines = samples.map(({ kind, link = '', present, candidate, setting }) => {
    const what = present && candidate ? `${told(present)} → ${told(candidate)}` : (setting ?? '')
    return `${kind}: ${what}\n  ${link}\n`
  })
  return `\n${lines.map(printable).join('')}`
}
