// Others are told of what happens: apart from the other jobs, which wait for no target.
import type { DeliveryOutcome } from '#model/delivery.ts'
import {
  type Composed,
  type Composition,
  composeDelivery,
  type DueDelivery,
  dueDeliveries,
  noteOutcome,
  noteWithheld,
  principalOfSubscription,
} from '#operations/notification/delivering.ts'
import { claimOutbox, dispatch, outboxWork } from '#operations/notification/dispatching.ts'
import { countMail, giveBackMail } from '#operations/notification/mails.ts'
import { CallingTurns, callsAtOnceMax } from './calling-turns.ts'
import type { RunningJobs, Workplace } from './job.ts'

/** Turns in which it is found out for whom events are, before anything else is done. */
const dispatchesPerRound = 20
const tickMs = 1_000

export interface NotifierOptions {
  deliver(composed: Composed): Promise<DeliveryOutcome>
  /** From 0 to 1. */
  chance(): number
  onFailure(error: unknown): void
}

export class Notifier {
  readonly #at: Pick<Workplace, 'store' | 'worker' | 'act'>
  readonly #options: NotifierOptions
  /** Subscriptions that are being told something. */
  readonly #busy = new Map<string, { readonly one: DueDelivery; readonly done: Promise<void> }>()
  readonly #turns = new CallingTurns()
  #isStopping = false

  constructor(at: Pick<Workplace, 'store' | 'worker' | 'act'>, options: NotifierOptions) {
    this.#at = at
    this.#options = options
  }

  /** Finds out for whom events are, and begins to tell what is due; waits for no target. Answers whether there was something to do. */
  async round(): Promise<boolean> {
    const { store, worker } = this.#at
    const work = await store.read((tx) => outboxWork(tx, { id: worker }))
    if (!work || !(await claimOutbox(store, { id: worker }))) return false
    if (work.isBehind) {
      const underWay = new Set([...this.#busy.values()].map(({ one }) => one.delivery.n))
      for (let turn = 0; turn < dispatchesPerRound; turn++)
        if (!(await dispatch(store, { id: worker }, underWay))) break
    }
    return (await this.#begin()) || work.isBehind
  }
  /** Until nobody is being told anything. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all([...this.#busy.values()].map(({ done }) => done))
  }
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.idle()
  }

  async #begin(): Promise<boolean> {
    if (this.#isStopping || this.#busy.size >= callsAtOnceMax) return false
    const due = new Set(await this.#at.store.read((tx) => dueDeliveries(tx, (id) => this.#busy.has(id))))
    const isDue = due.size > 0
    while (!this.#isStopping) {
      const one = this.#turns.next(
        [...due],
        [...this.#busy.values()].map((busy) => busy.one),
      )
      if (!one) break
      due.delete(one)
      this.#turns.began(one)
      this.#beginOne(one)
    }
    return isDue
  }
  #beginOne(one: DueDelivery): void {
    const { id } = one.subscription
    const done = this.#deliver(one)
      .catch((error: unknown) => this.#options.onFailure(error))
      .finally(() => this.#busy.delete(id))
    this.#busy.set(id, { one, done })
  }
  async #deliver(due: DueDelivery): Promise<void> {
    const { store, act } = this.#at
    const {
      delivery: { n },
      subscription,
    } = due
    const { deliver, chance } = this.#options
    const composed = (await act(composeDelivery, { n }, principalOfSubscription(subscription))) as Composition
    if (composed === 'gone') return
    const { withheld } = composed
    if (withheld.length > 0) await store.write((tx) => noteWithheld(tx, withheld))
    if (composed.members === undefined) return
    const isMail = composed.format === 'mail'
    const mail = isMail ? await store.write((tx) => countMail(tx, due, composed)) : undefined
    if (isMail && !mail) return
    const outcome = await deliver(composed)
    await store.write(async (tx) => {
      await noteOutcome(tx, composed.members, outcome, chance())
      if (mail && !outcome.isDelivered) await giveBackMail(tx, mail)
    })
  }
}

/** Goes on until it is stopped; see `Notifier`. A failure is told once, for as long as it goes on. */
export function startNotifying(notifier: Notifier, onFailure: (error: unknown) => void): RunningJobs {
  let running: Promise<unknown> = Promise.resolve()
  let isBusy = false
  let failure: string | undefined
  const timer = setInterval(() => {
    if (isBusy) return
    isBusy = true
    running = notifier
      .round()
      .then(
        () => {
          failure = undefined
        },
        (error: unknown) => {
          // The next round tries again.
          if (failure !== String(error)) onFailure(error)
          failure = String(error)
        },
      )
      .finally(() => {
        isBusy = false
      })
  }, tickMs)
  return {
    async stop() {
      clearInterval(timer)
      await running
      await notifier.stop()
    },
  }
}
