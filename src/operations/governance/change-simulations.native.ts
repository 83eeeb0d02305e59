// The simulation of a change request over the native API.
import { z } from 'zod'
import { nativeWrite } from '../operation.native.ts'
import type { Tried } from '../operation.ts'
import { idText } from '../shapes.native.ts'
import { type AsBound, simulateChange, tryChangeSimulation } from './change-simulations.ts'
import { placeOfChange } from './kept-requests.ts'
import { type GovernedOperation, asBound as listAsBound, refusalsOfGoverned, runGoverned } from './operations.native.ts'
import type { DoAll } from './simulating.ts'
import { describeSimulation, simulatedDays, simulation } from './simulations.native.ts'

const doAll: DoAll = async (context, operations) =>
  (await runGoverned(context, operations as readonly GovernedOperation[])).results
const asBound: AsBound = ({ operations, bindings }) => listAsBound(operations as readonly GovernedOperation[], bindings)

export const simulateChangeRequest = nativeWrite({
  name: 'simulateChangeRequest',
  summary: 'Simulate a change request as it is: what it would have made of the requests on record.',
  description:
    'On your right, as `POST /simulations` does it. Whoever may read the request sees what came of it, as far as they see the accounts, until it says something else. `changeApprovals` of an IPAM may ask for it.',
  action: 'change:propose',
  input: z.strictObject({
    changeRequestId: idText('changeRequest').describe('`change-request-…`.'),
    days: simulatedDays,
  }),
  output: simulation,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/simulate', status: 201 },
  cli: 'change-request simulate',
  refusals: [...refusalsOfGoverned, 'NotFound', 'MalformedId', 'IncorrectState', 'LimitExceeded'],
  at: placeOfChange,
  lookAhead: (ahead, { changeRequestId: id }): Promise<Tried> => tryChangeSimulation(ahead, { id, asBound }, doAll),
  run: async (context, { changeRequestId: id, days }, tried: Tried) =>
    describeSimulation(context, await simulateChange(context, { id, days, asBound }, tried)),
})
