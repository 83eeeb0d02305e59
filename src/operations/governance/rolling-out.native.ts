// What a clock does with changes that are rolled out: operations that no API has.
import type { Halt } from '#model/change-rollout.ts'
import type { WriteOperation } from '../operation.ts'
import { advanceChange, haltChange } from './change-requests.ts'
import { type GovernedOperation, runGoverned } from './operations.native.ts'

export const advanceChangeRequest: WriteOperation<{ readonly id: string }, object> = {
  name: 'advanceChangeRequest',
  access: 'write',
  run: async (context, { id }) => {
    await advanceChange(context, id, (own, operations, how) =>
      runGoverned(own, operations as readonly GovernedOperation[], how),
    )
    return {}
  },
}

export const haltChangeRequest: WriteOperation<{ readonly id: string; readonly halt: Halt }, object> = {
  name: 'haltChangeRequest',
  access: 'write',
  run: async (context, { id, halt }) => {
    await haltChange(context, id, halt)
    return {}
  },
}
