// Change requests are simulated as they are: what came of it is seen by those who decide on them, and is void where they say something else.
import type { ChangeRequest, ChangeRequestState } from '#model/change-request.ts'
import { refuse } from '#model/refusal.ts'
import type { StoredSimulation } from '#store/tables/simulations.ts'
import type { Ahead, Tried, WriteContext } from '../operation.ts'
import { type Content, contentOf, getChange } from './kept-requests.ts'
import type { ProposedOperation } from './proposed.ts'
import type { DoAll } from './simulating.ts'
import { requireRoom, startSimulation } from './simulations.ts'

/** What a request says with what it was bound to in place of names: what was approved is simulated, whatever is called so by now. */
export type AsBound = (content: Content) => Promise<readonly ProposedOperation[]>
interface How {
  readonly id: string
  readonly asBound: AsBound
}

/** Tries what a request says on the right of whoever asks for its simulation. */
export const tryChangeSimulation = (ahead: Ahead, { id, asBound }: How, doAll: DoAll): Promise<Tried> =>
  ahead.attempt(
    async (context) => {
      await requireRoom(context)
      await doAll(context, await asBound(await contentOf(context, await getOpenChange(context, id))))
    },
    { of: 'rules' },
  )

export async function simulateChange(
  context: WriteContext,
  { id, days, asBound }: How & { readonly days?: number | undefined },
  tried: Tried,
): Promise<StoredSimulation> {
  const request = await getOpenChange(context, id)
  const operations = await asBound(await contentOf(context, request))
  return startSimulation(context, { operations, days, of: request }, tried)
}

const unmade: ReadonlySet<ChangeRequestState> = new Set(['draft', 'in-review', 'approved'])
async function getOpenChange(context: WriteContext, id: string): Promise<ChangeRequest> {
  const request = await getChange(context, id)
  if (unmade.has(request.status)) return request
  const problem = { why: 'change-state', state: request.status, action: 'simulate' } as const
  return refuse({ code: 'IncorrectState', what: 'change-request', id, problem })
}
