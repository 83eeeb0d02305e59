// Client tokens that are too old to tell a repeat, and sessions that have expired, are forgotten.
import { clientTokenMs } from '#operations/execute.ts'
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
