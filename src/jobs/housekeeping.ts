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

/**
 * Runs once a second while there is something to do. What it has not done yet is done in time by whoever needs the space.
 * @param account whose entries in the record are those of what it does by itself
 * @param recordCounted puts on record how many refusals were too many to have an entry each
 */
export function startHousekeeping(
  store: Store,
  clock: () => number,
  account: string,
  recordCounted: () => Promise<void> = async () => {},
): Job {
  let running: Promise<unknown> = Promise.resolve()
  let busy = false
  const turn = async (): Promise<void> => {
    const now = clock()
    const due = await store.read(async (tx) => ({
      quarantines: await tx.space.anyQuarantineEnded(),
      tokens: await tx.tokens.anyBefore(now - clientTokenMs),
      sessions: await tx.accessKeys.anyExpired(now),
    }))
    if (due.quarantines || due.tokens || due.sessions) {
      await store.write(async (tx) => {
        await tx.space.endQuarantines(quarantinesPerTurn)
        await tx.tokens.forget(tx.now - clientTokenMs, tokensPerTurn)
        await tx.accessKeys.dropExpired(tx.now)
      })
    }
    await finishDeprovisions(store)
    await recordCounted()
    await forgetDecisions(store, account)
  }
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    // Trouble with the database is met, and answered, by requests; the next turn tries again.
    running = turn()
      .catch(() => undefined)
      .finally(() => {
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
