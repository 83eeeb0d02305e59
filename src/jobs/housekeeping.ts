// What the clock alone starts: quarantines that end, CIDRs that leave their pools, holds that lapse, tokens, sessions and decisions that are forgotten.
import { clientTokenMs } from '#operations/execute.ts'
import type { Store } from '#store/store.ts'
import { finishDeprovisions } from './deprovisioning.ts'
import { forgetDecisions } from './forgetting.ts'

const intervalMs = 1_000
/** Bounded work per turn, so that a request never waits long behind it. */
const quarantinesPerTurn = 500
const tokensPerTurn = 500

export interface Job {
  stop(): Promise<void>
}

export interface HousekeepingOptions {
  /** Whose entries in the record are those of what it does by itself. */
  readonly account: string
  /** Puts on record how many refusals were too many to have an entry each. */
  readonly recordCounted?: () => Promise<void>
  /** A task has failed; not called again while the same one goes on failing in the same way. */
  readonly onFailure?: (task: string, error: unknown) => void
}

/** Runs once a second while there is something to do. What it has not done yet is done in time by whoever needs the space. */
export function startHousekeeping(
  store: Store,
  clock: () => number,
  { account, recordCounted = async () => {}, onFailure = () => {} }: HousekeepingOptions,
): Job {
  let running: Promise<unknown> = Promise.resolve()
  let busy = false
  const tasks: Readonly<Record<string, () => Promise<void>>> = {
    'end-quarantines': async () => {
      if (await store.read((tx) => tx.space.anyQuarantineEnded()))
        await store.write(async (tx) => void (await tx.space.endQuarantines(quarantinesPerTurn)))
    },
    'forget-tokens': async () => {
      const before = clock() - clientTokenMs
      if (await store.read((tx) => tx.tokens.anyBefore(before)))
        await store.write(async (tx) => void (await tx.tokens.forget(tx.now - clientTokenMs, tokensPerTurn)))
    },
    'drop-sessions': async () => {
      const now = clock()
      if (await store.read((tx) => tx.accessKeys.anyExpired(now)))
        await store.write(async (tx) => void (await tx.accessKeys.dropExpired(tx.now)))
    },
    'finish-deprovisioning': () => finishDeprovisions(store),
    'count-refusals': recordCounted,
    'forget-decisions': () => forgetDecisions(store, account),
  }
  const failures = new Map<string, string>()
  const turn = async (): Promise<void> => {
    for (const [task, run] of Object.entries(tasks)) {
      try {
        await run()
        failures.delete(task)
      } catch (error) {
        // The others are done all the same, and this one is tried again with the next turn.
        const text = String(error)
        if (failures.get(task) !== text) onFailure(task, error)
        failures.set(task, text)
      }
    }
  }
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    running = turn().finally(() => {
      busy = false
    })
  }, intervalMs)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
