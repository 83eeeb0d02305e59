// What a clock does with change requests: makes those whose window opens, and goes on with those that are rolled out. No API has these.
import type { Halt } from '#model/change-rollout.ts'
import type { Refusal } from '#model/refusal.ts'
import type { Tried, WriteOperation } from '../operation.ts'
import { advanceChange, applyDueChange, haltChange, postponeChange, watchAnew } from './making.ts'
import { type GovernedOperation, runGoverned } from './operations.native.ts'
import { type DoAll, tryBound, tryStage } from './trying.ts'

const doAll: DoAll = (context, operations, how) => runGoverned(context, operations as readonly GovernedOperation[], how)

export const openChangeRequest: WriteOperation<{ readonly id: string }, object, Tried> = {
  name: 'openChangeRequest',
  access: 'write',
  isOfClock: true,
  lookAhead: (ahead, { id }): Promise<Tried> => tryBound(ahead, id, doAll),
  run: async (context, { id }, tried) => {
    await applyDueChange(context, id, { tried, doAll })
    return {}
  },
}

export const advanceChangeRequest: WriteOperation<{ readonly id: string }, object, Tried> = {
  name: 'advanceChangeRequest',
  access: 'write',
  isOfClock: true,
  lookAhead: (ahead, { id }): Promise<Tried> => tryStage(ahead, id, doAll),
  run: async (context, { id }, tried) => {
    await advanceChange(context, id, { tried, doAll })
    return {}
  },
}

export const haltByRule: WriteOperation<{ readonly id: string; readonly halt: Halt }, object> = {
  name: 'haltByRule',
  access: 'write',
  isOfClock: true,
  run: async (context, { id, halt }) => {
    await haltChange(context, id, halt)
    return {}
  },
}

export const watchStageAnew: WriteOperation<{ readonly id: string }, object> = {
  name: 'watchStageAnew',
  access: 'write',
  isOfClock: true,
  run: async (context, { id }) => {
    await watchAnew(context, id)
    return {}
  },
}

/** What was due was refused: it waits for the end of a freeze, or for somebody. */
export const postponeChangeRequest: WriteOperation<{ readonly id: string; readonly refusal: Refusal }, object> = {
  name: 'postponeChangeRequest',
  access: 'write',
  isOfClock: true,
  run: async (context, { id, refusal }) => {
    await postponeChange(context, id, refusal)
    return {}
  },
}
