// Every order in which the statements of several transactions can reach PostgreSQL: each transaction stops before each of its
// statements, and a plan says who goes on. What waits for a lock is seen in the lock table, never guessed from the clock.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'

/** More than any transaction of these tests sends. */
const stepsMax = 2_000
/** Round trips to the lock table while one statement runs. */
const asksMax = 100_000

type Rows = { rows: Record<string, unknown>[] }
interface Query {
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}

/** A bug to be seeded between the store and the driver: the enumeration has to find it. */
export interface Sabotage {
  /** What is sent instead of a statement. */
  statement?(text: string): string
  /** Changes what is answered. */
  answer?(text: string, answer: Rows, lane: Lane): void
}

/** One of those that run at once: what it does, statement by statement. */
export class Lane {
  readonly name: string
  readonly sabotage: Sabotage
  /** The statement before which it stands, or that it has sent. */
  next = ''
  /** Of the server's process behind its connection. */
  pid = 0
  /** Whether it may hold locks: from the first answer in a transaction to its end. */
  mayHold = false
  #state: 'runs' | 'stands' | 'waits' | 'ended' = 'runs'
  #isFree = false
  #go: (() => void) | undefined
  #moved: (() => void)[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(name: string, sabotage: Sabotage = {}) {
    this.name = name
    this.sabotage = sabotage
  }
  get state(): 'runs' | 'stands' | 'waits' | 'ended' {
    return this.#state
  }
  /** What is sent without waiting for answers is still executed one after the other. */
  inTurn<T>(send: () => Promise<T>): Promise<T> {
    const sent = this.#last.then(send)
    this.#last = sent.catch(() => undefined)
    return sent
  }
  /** Before each statement. */
  stop(pid: number, text: string): Promise<void> | undefined {
    this.pid = pid
    this.next = text
    if (this.#isFree) return undefined
    this.#arrive('stands')
    return new Promise((resolve) => {
      this.#go = resolve
    })
  }
  go(): void {
    this.#state = 'runs'
    this.#go!()
  }
  /** From now on it stops no more. */
  free(): void {
    this.#isFree = true
    if (this.#state === 'stands') this.go()
  }
  end(): void {
    this.mayHold = false
    this.#arrive('ended')
  }
  isHeld(isHeld: boolean): void {
    this.#state = isHeld ? 'waits' : 'runs'
  }
  /** Resolves when it stands or has ended. */
  arrived(): Promise<void> {
    return new Promise((resolve) => this.#moved.push(resolve))
  }
  #arrive(state: 'stands' | 'ended'): void {
    this.#state = state
    for (const resolve of this.#moved.splice(0)) resolve()
  }
}

// Between the store and the driver -----------------------------------------------------------------------------------

const lanes = new AsyncLocalStorage<Lane>()

/** Puts itself between every store and its driver until it is taken away; what runs in no lane passes. */
export function standBetween(): () => void {
  const prototype = pg.Client.prototype as unknown as { query(this: object, query: Query): Promise<Rows | Rows[]> }
  const { query } = prototype
  prototype.query = function (asked) {
    const lane = lanes.getStore()
    const send = (one: Query): Promise<Rows | Rows[]> => query.call(this, one)
    if (!lane) return send(asked)
    return lane.inTurn(() => oneByOne(lane, (this as { processID: number }).processID, asked, send))
  }
  return () => {
    prototype.query = query
  }
}

/** The statements of one message are sent one by one: that is what PostgreSQL makes of them, and each may come late. */
async function oneByOne(
  lane: Lane,
  pid: number,
  asked: Query,
  send: (query: Query) => Promise<Rows | Rows[]>,
): Promise<Rows | Rows[]> {
  const isOne = asked.values !== undefined
  const texts = isOne ? [asked.text] : asked.text.split(';').map((text) => text.trim())
  const answers: Rows[] = []
  let isBehindBegin = false
  for (const text of texts) {
    // `begin` alone looks at nothing (read committed takes its snapshots by statement), and nobody waits for what everybody shares: both
    // stand with what follows.
    if (!isBehindBegin) await lane.stop(pid, text)
    isBehindBegin = isOfNobody(text)
    const sent = lane.sabotage.statement?.(text) ?? text
    // A prepared statement is known by its name: another text has none.
    const name = sent === text ? asked.name : undefined
    const answer = (await send(isOne ? { ...asked, text: sent, name } : { text: sent })) as Rows
    lane.mayHold = !isOfNobody(text) && !/^(commit|rollback)$/.test(text)
    lane.sabotage.answer?.(text, answer, lane)
    answers.push(answer)
  }
  return isOne || answers.length === 1 ? answers[0]! : answers
}

const isOfNobody = (text: string): boolean =>
  text === 'begin' || text.startsWith('select pg_advisory_xact_lock_shared(')

// Playing ------------------------------------------------------------------------------------------------------------

/** The process ids that a process waits for, of each that is asked for. */
export type BlockersOf = (pids: readonly number[]) => Promise<ReadonlyMap<number, readonly number[]>>

export interface Played {
  /** At each point where both could go on: whether the other one went on. */
  readonly switches: readonly boolean[]
  /** Who sent what, in order. */
  readonly log: readonly string[]
  readonly isDeadlock: boolean
}

/**
 * Plays one schedule. Whoever ran last goes on, unless the plan says otherwise; past the end of the plan nobody is
 * interrupted any more.
 */
export async function play(
  works: readonly { readonly lane: Lane; run(): Promise<unknown> }[],
  plan: readonly boolean[],
  blockersOf: BlockersOf,
): Promise<Played> {
  const all = works.map(({ lane }) => lane)
  const ends = works.map(({ lane, run }) =>
    lanes.run(lane, async () => {
      await run()
      lane.end()
    }),
  )
  const switches: boolean[] = []
  const log: string[] = []
  let last = all[0]!
  for (let step = 0; ; step++) {
    assert(step < stepsMax, `after ${stepsMax} statements there is no end:\n${log.slice(-20).join('\n')}`)
    await settle(all, blockersOf)
    const ready = all.filter(({ state }) => state === 'stands')
    if (ready.length === 0) break
    let next = ready.includes(last) ? last : ready[0]!
    if (ready.length > 1) {
      const isSwitch = plan[switches.length] ?? false
      if (isSwitch) next = ready.find((lane) => lane !== next)!
      switches.push(isSwitch)
    }
    log.push(`${next.name}: ${next.next}`)
    last = next
    next.go()
  }
  const isDeadlock = all.some(({ state }) => state !== 'ended')
  // PostgreSQL ends a deadlock by itself.
  for (const lane of all) lane.free()
  await Promise.all(ends)
  return { switches, log, isDeadlock }
}

/** Until everybody stands before a statement, waits for a lock that another one holds, or has ended. */
async function settle(all: readonly Lane[], blockersOf: BlockersOf): Promise<void> {
  for (let asks = 0; asks < asksMax; asks++) {
    const running = all.filter(({ state }) => state === 'runs')
    const [only] = running
    if (only === undefined) return
    if (running.length === 1 && all.every((lane) => lane === only || !lane.mayHold)) {
      // Nobody holds anything that it could wait for; and while it holds locks, who waits for them goes on waiting.
      await only.arrived()
      if (!only.mayHold) for (const lane of all) if (lane.state === 'waits') lane.isHeld(false)
      continue
    }
    const asked = all.filter(({ state }) => state === 'runs' || state === 'waits')
    const states = asked.map(({ state }) => state)
    const blockers = await blockersOf(asked.map(({ pid }) => pid))
    // Whoever arrived meanwhile may have let go of what others waited for: the answer is old.
    if (asked.some(({ state }, index) => state !== states[index])) continue
    for (const lane of asked) {
      // Only another lane holds on until it is let go on: whatever else is in the way goes by.
      lane.isHeld((blockers.get(lane.pid) ?? []).some((pid) => all.some((other) => other.pid === pid)))
    }
  }
  assert.fail(`a statement neither ends nor waits for a lock: ${all.map(({ name, next }) => `${name} ${next}`)}`)
}

/**
 * Every plan, depth first: `playPlan` plays one and answers at which points there was a choice.
 * @param interruptionsMax how often whoever runs may be interrupted; which of them begins is free
 */
export async function enumerate(
  playPlan: (plan: readonly boolean[]) => Promise<{ readonly switches: readonly boolean[]; readonly isOver?: boolean }>,
  { interruptionsMax = Number.POSITIVE_INFINITY }: { readonly interruptionsMax?: number } = {},
): Promise<number> {
  let plan: boolean[] | undefined = []
  let played = 0
  while (plan) {
    const { switches, isOver } = await playPlan(plan)
    played++
    if (isOver) break
    plan = nextPlan(switches, interruptionsMax)
  }
  return played
}
function nextPlan(switches: readonly boolean[], interruptionsMax: number): boolean[] | undefined {
  for (let at = switches.length - 1; at >= 0; at--) {
    if (switches[at]) continue
    const interruptions = switches.slice(1, at).filter(Boolean).length
    if (at > 0 && interruptions >= interruptionsMax) continue
    return [...switches.slice(0, at), true]
  }
  return undefined
}
