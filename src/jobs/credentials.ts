// Client tokens that are too old to tell a repeat, and sessions that have expired, are forgotten; tokens that ended with their account say so.
import { clientTokenMs } from '#operations/execute.ts'
import { endTokensOfRemoved } from '#operations/organization/account-states.ts'
import { recordOwn } from '#operations/record/own-entries.ts'
import type { Job } from './job.ts'

const tokensPerTurn = 500

export const forgetTokens: Job = {
  name: 'forget-tokens',
  everySeconds: 1,
  turnsMax: 1,
  isDue: ({ store, clock }) => store.read((tx) => tx.tokens.anyBefore(clock() - clientTokenMs)),
  turn: ({ store }) => store.write(async (tx) => void (await tx.tokens.forget(tx.now - clientTokenMs, tokensPerTurn))),
}

export const dropSessions: Job = {
  name: 'drop-sessions',
  everySeconds: 1,
  turnsMax: 1,
  isDue: ({ store, clock }) => store.read((tx) => tx.accessKeys.anyExpired(clock())),
  turn: ({ store }) => store.write(async (tx) => void (await tx.accessKeys.dropExpired(tx.now))),
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
