// What can be done with a change that is not made: find out what it would break, or have others approve it first.
import type { NavigateFunction } from 'react-router'
import { answer, api, type Schemas } from '../api/client.ts'
import { nodes } from '../api/lists.ts'
import { queries } from '../api/queries.ts'
import type { Act } from './acts.tsx'

/** @param reason why there is no such change yet */
export const changeActs = (
  operations: readonly Schemas['GovernedOperation'][],
  reason: string | undefined,
  navigate: NavigateFunction,
): readonly Act<unknown>[] => [
  {
    id: 'simulate',
    act: 'What would break?',
    title: 'What would it break?',
    says: 'The requests of the last days are asked again under these rules, and space in use is looked at. Nothing is changed.',
    done: 'The simulation has begun.',
    reason,
    async call() {
      const { simulationId } = await answer(api.POST('/simulations', { body: { operations: [...operations] } }))
      await navigate(`/simulations/${simulationId}`)
    },
  },
  {
    id: 'propose',
    act: 'Propose',
    title: 'Propose it as a change request',
    says: 'Nothing is changed before others have approved it. It is a draft until you submit it.',
    note: { label: 'What for' },
    done: 'The change request is drafted.',
    reason,
    async call(_, why) {
      const { items } = await queries.ensureQueryData(nodes)
      const node = items.find(({ kind }) => kind === 'root')?.nodeId ?? '*'
      const body = { node, reason: why, operations: [...operations], draft: true }
      const { changeRequestId } = await answer(api.POST('/change-requests', { body }))
      await navigate(`/change-requests/${changeRequestId}`)
    },
  },
]
