// Client tokens that are too old to tell a repeat, and sessions that have expired, are forgotten; tokens that ended with their account say so.
import { clientTokenMs } from '#operations/execute.ts'
import { endTokensOfRemoved } from '#operations/organization/account-states.ts'
import { recordOwn } from '#operations/record/own-entries.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Job } from './job.ts'

const tokensPerTurn = 500
/** Of three days in a row that begin, one alone may have begun because of a clock that jumped. */
const daysSeen = 2

/** A day by the clock, and by what the record has seen: one that was ahead for a while has nothing happen a second time. */
const forgottenBefore = async ({ now, retention }: ReadTransaction): Promise<number> =>
  Math.min(now - clientTokenMs, (await retention.dayBefore(daysSeen)) ?? 0)

export const forgetTokens: Job = {
  name: 'forget-tokens',
  everySeconds: 1,
  turnsMax: 1,
  isDue: ({ store }) => store.read(async (tx) => tx.tokens.anyBefore(await forgottenBefore(tx))),
  turn: ({ store }) =>
    store.write(async (tx) => void (await tx.tokens.forget(await forgottenBefore(tx), tokensPerTurn))),
}

/** So long whoever asks with a session that has ended is told that it has, and not that there is none. */
const endedKeptMs = 3_600_000

export const dropSessions: Job = {
  name: 'drop-sessions',
  everySeconds: 1,
  turnsMax: 1,
  isDue: ({ store }) => store.read((tx) => tx.accessKeys.anyExpired(tx.now - endedKeptMs)),
  turn: ({ store }) => store.write(async (tx) => void (await tx.accessKeys.dropExpired(tx.now - endedKeptMs))),
}

export const endTokens: Job = {
  name: 'end-tokens',
  everySeconds: 1,
  turnsMax: 4,
  isDue: ({ store }) => store.read(async (tx) => (await tx.organizations.findWithEndedTokens()) !== undefined),
  turn: ({ store }) =>
    store.write(async (tx) => {
      tx.subjects.begin()
      const done = await endTokensOfRemoved(tx)
      if (!done || done.ended.length === 0) return
      const { account, ended } = done
      await recordOwn(tx, 'housekeeping', { action: 'EndTokens', account, subjects: ended })
    }),
}
