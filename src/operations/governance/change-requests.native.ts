// Change requests over the native API.
import { z } from 'zod'
import {
  type ChangeRequest,
  type ChangeWindow,
  changeRequestStates,
  countingApprovals,
  type Emergency,
  type RequestCounts,
  type RequestsFound,
} from '#model/change-request.ts'
import { rolloutStagesMax } from '#model/change-rollout.ts'
import { impactClasses } from '#model/impact-class.ts'
import type { Attribution } from '#model/policy/exception.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, Tried } from '../operation.ts'
import {
  accountId,
  answerPage,
  filterOf,
  formatInstant,
  idText,
  instant,
  nameShapes,
  nodeId,
  nodeName,
  pageAsked,
  pageOf,
  paging,
  parseInstant,
  principalName,
  sentence,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import { type DescribedChange, describeChange, getDescribedChange, listChanges } from './change-request-lists.ts'
import {
  abandonChange,
  approveChange,
  editChange,
  proposeChange as propose,
  rejectChange,
  reviewChange,
  submitChange,
} from './change-requests.ts'
import { contentOf, placeOfChange, placeOfProposal } from './kept-requests.ts'
import { applyChange, breakGlassOnChange, haltByHand, resumeChange, revertChange } from './making.ts'
import {
  asBound,
  bodyOfList,
  type GovernedOperation,
  governedOperation,
  governedOperationList,
  lookedAtIn,
  noteOnLength,
  referencesIn,
  refusalsOfGoverned,
  refuseMisshapen,
  runGoverned,
} from './operations.native.ts'
import { describeSimulation, describeWithTotals, simulationShown } from './simulations.native.ts'
import { requireRoom, simulationOf, startSimulation } from './simulations.ts'

import { type DoAll, tryBound, tryChange, tryProposal, tryStage } from './trying.ts'

// Shapes -------------------------------------------------------------------------------------------------------------

const changeRequestId = idText('changeRequest').describe('`change-request-…`.')
const reason = sentence(1_000).describe('What for, for whoever approves and for the record.')
const note = sentence(1_000)
const contentHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits are expected')
  .meta({
    id: 'ChangeContentHash',
    description: 'SHA-256 of what it says: its node, reason, operations and window.',
    examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  })
const exampleWindow = { from: '2026-11-28T22:00:00.000Z', until: '2026-11-29T02:00:00.000Z' }
const window = z
  .strictObject({
    from: instant.optional().describe('Not before; at any time by default.'),
    until: instant.optional().describe('Not any more from then on.'),
  })
  .describe('When it may be applied.')
  .meta({
    id: 'ChangeWindow',
    examples: [exampleWindow],
  })
const count = z.number().int().min(0)
const percent = z.number().int().min(0).max(100)
const haltOn = z
  .strictObject({
    denials: count
      .max(1_000)
      .optional()
      .describe(
        'More denials than this, also by what is only observed, which there would not be without what it has changed.',
      ),
    exceptions: count.max(1_000).optional().describe('More exceptions asked for than this, at the node and below.'),
    pools: z
      .array(z.strictObject({ poolId: idText('pool').describe('By its id.'), freePercent: percent }))
      .max(20)
      .optional()
      .describe('Pools of which less than so many percent are free.'),
  })
  .describe('What halts it; one new denial by default.')
  .meta({ id: 'HaltRules', examples: [{ denials: 0, exceptions: 2 }] })
const exampleRollout = {
  stages: [
    { operations: 1, soakSeconds: 86_400 },
    { operations: 1, soakSeconds: 3_600 },
  ],
  haltOn: { denials: 0 },
}
const rollout = z
  .strictObject({
    stages: z
      .array(
        z.strictObject({
          operations: z.number().int().min(1).describe('The next so many operations.'),
          soakSeconds: z
            .number()
            .int()
            .min(0)
            .max(2_592_000)
            .describe('For how long they are watched before it goes on.'),
        }),
      )
      .min(1)
      .max(rolloutStagesMax),
    haltOn: haltOn.optional(),
  })
  .describe('In which stages it is made; all at once by default.')
  .meta({ id: 'ChangeRollout', examples: [exampleRollout] })
const halted = z
  .object({
    why: z
      .enum(['denials', 'exceptions', 'pool', 'refused', 'impact-changed', 'unvouched', 'window', 'asked'])
      .describe(
        '`refused`: its next stage was. `impact-changed`: that is of a class above what was approved. `unvouched`: approvals or rights are missing by now. `window`: it was due behind its window. `asked`: somebody did.',
      ),
    at: instant,
    count: count.optional().describe('How many there were.'),
    max: count.optional(),
    poolId: z.string().optional(),
    freePercent: percent.optional(),
    below: percent.optional(),
    code: z.string().optional().describe('What the next stage was refused for.'),
    detail: z.string().optional().describe('Why it was refused, or who may not do what any more.'),
    class: z.enum(impactClasses).optional().describe('What its next stage would do.'),
    approved: z.enum(impactClasses).optional().describe('What was approved.'),
    until: instant.optional().describe('When its window ended.'),
    by: principalName.optional().describe('Who halted it, or to whom its next stage was refused.'),
    note: z.string().optional(),
  })
  .describe('Why it was halted.')
const act = z.object({ by: principalName, makers: usedMakers, at: instant }).meta({ id: 'ChangeRequestAct' })
const countsOfRequests = { newlyDenied: count, newlyAllowed: count, elsewhere: count }
const requestsOfImpact = z.object({
  days: count,
  asked: count,
  isWhole: z.boolean(),
  ...countsOfRequests,
  groups: z.array(z.object({ account: accountId, resourceType: z.string(), ...countsOfRequests })),
  samples: z.array(idText('decision')),
})
const impact = z
  .object({
    class: z
      .enum(impactClasses)
      .describe(
        '`contained`: nothing complies less by it, no request of the last days is denied. `noncompliant`: something is, or not all was looked at. `central`: it reaches all, or outside of `node`.',
      ),
    epoch: count.describe('The state of governance that it was found at.'),
    foundAt: instant,
    evaluated: count.describe('How much space was looked at.'),
    isWhole: z.boolean().describe('Whether that is all that it can touch, and all of it is told here.'),
    noncompliant: count.describe('How much would not comply any more.'),
    compliant: count.describe('How much does not comply, and would.'),
    groups: z.array(z.object({ account: accountId, resourceType: z.string(), noncompliant: count, compliant: count })),
    samples: z.array(
      z.object({
        id: z.string(),
        cidr: z.string(),
        account: accountId,
        becomes: z.enum(['compliant', 'noncompliant']),
        setting: z.string().optional().describe('Which setting it does not comply with, then or now.'),
      }),
    ),
    requests: requestsOfImpact.optional().describe('What it would make of requests of the last days, by rules alone.'),
    left: z
      .array(z.string())
      .optional()
      .describe(
        'What `revert` would not make again, at least in part: objects by their ids, new ones by what they are.',
      ),
    revertRefused: z
      .object({ code: z.string(), operation: z.string().optional() })
      .optional()
      .describe('`revert` was tried behind it, and is refused so; without an operation, nothing undoes it.'),
  })
  .describe('What it would make of space that is in use, as far as you may see that.')
const needed = z
  .object({
    approvers: count.describe('Persons, none of whom wrote at it.'),
    ofRoot: count.describe('Of these, who may approve at the root.'),
    isSimulated: z.boolean().optional().describe('`true`: only once it was simulated as it is.'),
  })
  .describe('Who has to approve what it does.')
const emergencyDone = act.extend({ reason: z.string(), reviewed: act.extend({ note: z.string() }).optional() })
const summary = {
  changeRequestId,
  node: nodeId.describe('What it changes is there or below, and there it is decided on.'),
  reason: z.string(),
  state: z.enum(changeRequestStates),
  contentHash,
  author: act,
  editors: z.array(act).describe('Who else has changed what it says.'),
  impact: impact.optional().describe('Of one that was submitted.'),
  needed: needed.optional(),
  approvals: z
    .array(act.extend({ isOfRoot: z.boolean().describe('Whether they may approve at the root.') }))
    .describe('Those that count for what it says and does.'),
  window: window.optional(),
  appliesAt: instant
    .optional()
    .describe('When it is made by itself, on the right of whoever submitted it last, by name and not by groups.'),
  failed: z
    .object({ at: instant, code: z.string(), detail: z.string().optional() })
    .optional()
    .describe('Why it was not made by itself; it waits until somebody edits, submits or applies it.'),
  plannedFor: count
    .optional()
    .describe('The state of governance that it was planned for: refused where what it changes has changed since.'),
  rollout: rollout.optional(),
  progress: z
    .object({ stage: count.describe('So many stages are made.'), stages: count, since: instant, nextAt: instant })
    .optional()
    .describe('How far the rollout is.'),
  halted: halted.optional(),
  rejected: act.extend({ note: z.string() }).optional().describe('Who sent it back to its author, and why.'),
  emergencies: z
    .array(emergencyDone)
    .optional()
    .describe('In which something was done with it: a finding until somebody else has reviewed each.'),
  ended: act.extend({ note: z.string().optional() }).optional().describe('Who applied or abandoned it.'),
}
const listed = z.object(summary)
const changeRequest = z.object({
  ...summary,
  operations: z.array(governedOperation).describe('What it says, in the order in which it is done.'),
  references: z
    .array(
      z.object({
        operation: count.describe('In the operation of this number.'),
        name: z.string().describe('What it names.'),
        id: z
          .string()
          .optional()
          .describe('What that stood for when it was submitted; absent: what the list itself makes.'),
      }),
    )
    .optional()
    .describe(
      'What its names stand for, of one that was submitted: it is made so, whatever is called so by then. Approvals are for this, too.',
    ),
  lookedAt: z
    .array(
      z.object({
        operation: count.describe('By the operation of this number.'),
        state: z.record(z.string(), z.string()).describe('As the operation itself says it in members of these names.'),
      }),
    )
    .optional()
    .describe(
      'In which state that was which it lets act and others may change, such as a candidate: in another one it is refused. Approvals are for this, too.',
    ),
  inverse: z
    .object({
      operations: z.array(governedOperation).describe('In the order in which they are done.'),
      left: z.array(z.string()).describe('Objects that stay as it has made them, at least in part.'),
      isWhole: z.boolean().describe('`false`: there is more, about what you may not read.'),
    })
    .optional()
    .describe('What `revert` would do.'),
  simulation: simulationShown.optional().describe('The latest of what it says now; of accounts that you may see.'),
})
nameShapes({
  ChangeRequest: changeRequest,
  ListedChangeRequest: listed,
  ChangeImpact: impact,
  NeededApprovals: needed,
  ChangeRequestHalt: halted,
  ChangeRequestEmergency: emergencyDone,
})

// Reading ------------------------------------------------------------------------------------------------------------

export const getChangeRequest = nativeRead({
  name: 'getChangeRequest',
  summary: 'Show a change request: what it says, what it would do, and who approved it.',
  action: 'change:read',
  input: z.strictObject({ changeRequestId }),
  output: changeRequest,
  rest: { method: 'GET', path: '/change-requests/{changeRequestId}' },
  cli: 'change-request show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfChange,
  async run(context, { changeRequestId: id }) {
    const found = await getDescribedChange(context, id)
    // A change compares the state (`If-Match`), of which this is no part.
    const simulated = 'changed' in context ? undefined : await simulationOf(context, found.request)
    return {
      ...(await show(found)),
      ...(simulated ? { simulation: await describeWithTotals(context, simulated) } : {}),
    }
  },
})

export const listChangeRequests = nativeRead({
  name: 'listChangeRequests',
  summary: 'List change requests, the latest first.',
  action: 'change:read',
  input: z.strictObject({
    ...paging,
    state: z.enum(changeRequestStates).optional().describe('Only those in this state.'),
    node: nodeName.optional().describe('Only those at this node and below.'),
    author: principalName.optional().describe('Only those that this principal proposed.'),
  }),
  output: pageOf(listed),
  rest: { method: 'GET', path: '/change-requests' },
  cli: 'change-request list',
  columns: ['changeRequestId', 'node', 'state', 'reason'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, input) => answerPage(await listChanges(context, filterOf(input), pageAsked(input)), showSummary),
})

// Proposing ----------------------------------------------------------------------------------------------------------

const doAll: DoAll = (context, operations, how) => runGoverned(context, operations as readonly GovernedOperation[], how)
/** What was prepared when it was made: who governs a part does it, however many there are. */
const doInverse: DoAll = (context, operations) =>
  runGoverned(context, operations as readonly GovernedOperation[], { isPrepared: true })
const expectedEpoch = z.number().int().min(0).optional()
const plannedNote =
  'The state that the operations were planned for (`GET /governance`): refused where there is another one, and later where somebody has changed what it changes.'

export const proposeChange = nativeWrite({
  name: 'proposeChange',
  summary: 'Propose a change of what is governed, for others to approve.',
  description:
    'It is tried at once, and what it would do is told with it. Whoever writes it is asked for each operation as if it were asked for alone. A draft is not tried, and waits for its author.',
  action: 'change:propose',
  input: z.strictObject({
    node: nodeName.describe('A node at or above all that it changes, by its id or name: there it is decided on.'),
    reason,
    operations: governedOperationList.describe(`What is to be done, in this order. ${noteOnLength}`),
    window: window.optional(),
    rollout: rollout.optional(),
    draft: z.boolean().optional().describe('`true`: it is not submitted yet.'),
    simulate: z.boolean().optional().describe('`true`: it is simulated at once, as `change-request simulate` does it.'),
    expectedEpoch: expectedEpoch.describe(`${plannedNote} Of a draft, only now.`),
  }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests', status: 201, body: bodyOfList },
  cli: 'change-request propose',
  refusals: [...refusalsOfGoverned, 'LimitExceeded', 'PreconditionFailed'],
  at: placeOfProposal,
  async lookAhead(ahead, input): Promise<Tried | undefined> {
    const { operations, rollout, draft, simulate, expectedEpoch: expected } = input
    if (draft && !simulate) return undefined
    const before = simulate ? requireRoom : undefined
    return tryProposal(ahead, { operations, rollout, expectedEpoch: expected }, { doAll, before })
  },
  async run(context, { window: given, draft, simulate, ...proposal }, tried: Tried | undefined) {
    if (draft) await refuseMisshapen(proposal.operations)
    const said = { ...proposal, ...(given ? { window: readWindow(given) } : {}) }
    const proposed = await propose(context, said, draft ? undefined : tried)
    if (simulate) {
      const { operations, bindings } = await contentOf(context, proposed)
      const bound = await asBound(operations as readonly GovernedOperation[], bindings)
      await startSimulation(context, { operations: bound, of: proposed }, tried!)
    }
    return describe(context, proposed)
  },
})

export const updateChangeRequest = nativeWrite({
  name: 'updateChangeRequest',
  summary: 'Change what a change request says: what was approved of it is void.',
  description: 'Whoever changes it is one of those who wrote it from then on. It is tried as when it is proposed.',
  action: 'change:propose',
  input: z.strictObject({
    changeRequestId,
    reason: reason.optional(),
    operations: governedOperationList.optional().describe(`All that is to be done, in this order. ${noteOnLength}`),
    window: window
      .nullable()
      .optional()
      .describe('`null`: at any time.')
      .meta({ examples: [exampleWindow] }),
    rollout: rollout
      .nullable()
      .optional()
      .describe('`null`: all at once.')
      .meta({ examples: [exampleRollout] }),
    contentHash: contentHash.optional().describe('What you looked at: refused where it says something else.'),
    expectedEpoch: expectedEpoch.describe(`${plannedNote} Other operations without it are bound to none.`),
  }),
  output: changeRequest,
  rest: { method: 'PATCH', path: '/change-requests/{changeRequestId}', body: bodyOfList },
  cli: 'change-request edit',
  refusals: [...refusalsOfGoverned, 'NotFound', 'MalformedId', 'IncorrectState', 'LimitExceeded', 'PreconditionFailed'],
  at: placeOfChange,
  lookAhead: (ahead, { changeRequestId: id, operations, rollout, expectedEpoch }): Promise<Tried | undefined> =>
    tryChange(ahead, id, doAll, { operations, rollout, expectedEpoch }),
  async run(context, { changeRequestId: id, window: given, ...changes }, tried: Tried | undefined) {
    // A draft is not tried.
    await refuseMisshapen(changes.operations ?? [])
    const asked = { ...changes, ...(given === undefined ? {} : { window: given && readWindow(given) }) }
    return describe(context, await editChange(context, id, asked, tried))
  },
})

export const submitChangeRequest = nativeWrite({
  name: 'submitChangeRequest',
  summary: 'Submit a draft, or find anew what a change request would do.',
  description: 'Only those who wrote it do. Approvals stay where it is of no class above what was approved.',
  action: 'change:propose',
  input: z.strictObject({ changeRequestId }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/submit' },
  cli: 'change-request submit',
  refusals: [...refusalsOfGoverned, 'NotFound', 'MalformedId', 'IncorrectState', 'NotAuthorized'],
  at: placeOfChange,
  lookAhead: (ahead, { changeRequestId: id }): Promise<Tried> => tryChange(ahead, id, doAll),
  run: async (context, { changeRequestId: id }, tried: Tried) =>
    describe(context, await submitChange(context, id, tried)),
})

// Deciding -----------------------------------------------------------------------------------------------------------

export const approveChangeRequest = nativeWrite({
  name: 'approveChangeRequest',
  summary: 'Approve a change request that others wrote.',
  description:
    'Whoever wrote at it cannot, nor whoever made the token that it was written with, or has one that a writer made. The approval is for what it says and for the class of what it does: an edit voids it.',
  action: 'change:approve',
  input: z.strictObject({
    changeRequestId,
    contentHash: contentHash.describe('What you looked at: nothing else is approved.'),
  }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/approve' },
  cli: 'change-request approve',
  refusals: ['NotFound', 'MalformedId', 'NotAuthorized', 'IncorrectState'],
  changes: getChangeRequest,
  at: placeOfChange,
  run: async (context, input) =>
    describe(context, await approveChange(context, input.changeRequestId, input.contentHash)),
})

export const rejectChangeRequest = nativeWrite({
  name: 'rejectChangeRequest',
  summary: 'Send a change request back to those who wrote it, as a draft.',
  action: 'change:approve',
  input: z.strictObject({ changeRequestId, note: note.describe('Why, for whoever wrote it.') }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/reject' },
  cli: 'change-request reject',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  changes: getChangeRequest,
  at: placeOfChange,
  run: async (context, input) => describe(context, await rejectChange(context, input.changeRequestId, input.note)),
})

export const abandonChangeRequest = nativeWrite({
  name: 'abandonChangeRequest',
  summary: 'Abandon a change request: nothing comes of it.',
  action: 'change:propose',
  input: z.strictObject({ changeRequestId, note: note.optional().describe('Why, for the record.') }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/abandon' },
  cli: 'change-request abandon',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  changes: getChangeRequest,
  at: placeOfChange,
  run: async (context, input) => describe(context, await abandonChange(context, input.changeRequestId, input.note)),
})

export const applyChangeRequest = nativeWrite({
  name: 'applyChangeRequest',
  summary: 'Make the change, in one transaction, as it was approved.',
  description:
    'On your right: every operation asks for its own action and place. It is tried once more, and refused where it is of a class above what was approved.',
  action: 'change:propose',
  input: z.strictObject({
    changeRequestId,
    contentHash: contentHash.describe('What is to be made: refused where it says something else.'),
  }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/apply' },
  cli: 'change-request apply',
  isList: true,
  refusals: [...refusalsOfGoverned, 'NotFound', 'MalformedId', 'IncorrectState'],
  at: placeOfChange,
  lookAhead: (ahead, { changeRequestId: id }): Promise<Tried> => tryBound(ahead, id, doAll),
  run: async (context, { changeRequestId: id, contentHash: given }, tried: Tried) =>
    describe(context, await applyChange(context, id, { contentHash: given, tried, doAll })),
})

export const breakGlassChangeRequest = nativeWrite({
  name: 'breakGlassChangeRequest',
  summary: 'Make the change at once, in an emergency.',
  description:
    'Without approvals, whatever its window and freezes, on your right, as one who may approve it. It is a finding until another has reviewed it.',
  action: 'change:approve',
  input: z.strictObject({
    changeRequestId,
    contentHash: contentHash.describe('What is to be made: refused where it says something else.'),
    reason: note.describe('What the emergency is.'),
  }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/break-glass' },
  cli: 'change-request break-glass',
  isList: true,
  refusals: [...refusalsOfGoverned, 'NotFound', 'MalformedId', 'IncorrectState', 'LimitExceeded'],
  at: placeOfChange,
  run: async (context, { changeRequestId: id, contentHash: given, reason: why }) =>
    describe(context, await breakGlassOnChange(context, id, { contentHash: given, reason: why, doAll })),
})

export const reviewChangeRequest = nativeWrite({
  name: 'reviewChangeRequest',
  summary:
    'Say that you have looked at a change of somebody else that was made in an emergency, which ends its finding.',
  action: 'change:approve',
  input: z.strictObject({ changeRequestId, note: note.describe('What you found.') }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/review' },
  cli: 'change-request review',
  refusals: ['NotFound', 'MalformedId', 'NotAuthorized', 'IncorrectState'],
  changes: getChangeRequest,
  at: placeOfChange,
  run: async (context, input) => describe(context, await reviewChange(context, input.changeRequestId, input.note)),
})

export const haltChangeRequest = nativeWrite({
  name: 'haltChangeRequest',
  summary: 'Halt a rollout.',
  description: 'Whatever its window and freezes: nothing more is made of it until somebody resumes or reverts it.',
  action: 'change:propose',
  input: z.strictObject({ changeRequestId, note: note.describe('Why, for whoever goes on with it.') }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/halt' },
  cli: 'change-request halt',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  changes: getChangeRequest,
  at: placeOfChange,
  run: async (context, { changeRequestId: id, note: why }) => describe(context, await haltByHand(context, id, why)),
})

/** What an emergency is, where something is done in one. */
const emergency = note
  .optional()
  .describe(
    'What the emergency is, outside of its window and while changes are frozen: you need `change:approve`, and somebody else has to review it.',
  )
  .meta({ examples: ['It burns'] })

export const resumeChangeRequest = nativeWrite({
  name: 'resumeChangeRequest',
  summary: 'Go on with a rollout that was halted.',
  description:
    'Its next stage is made once the last one was watched as long as it says, anew where that halted it; on your right, within its window, unless frozen, of no class above what was approved. In an emergency: now.',
  action: 'change:propose',
  input: z.strictObject({ changeRequestId, emergency }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/resume' },
  cli: 'change-request resume',
  isList: true,
  refusals: [...refusalsOfGoverned, 'NotFound', 'MalformedId', 'IncorrectState', 'LimitExceeded'],
  at: placeOfChange,
  lookAhead: (ahead, { changeRequestId: id }): Promise<Tried> => tryStage(ahead, id, doAll),
  run: async (context, { changeRequestId: id, emergency: why }, tried: Tried) =>
    describe(context, await resumeChange(context, id, { emergency: why, tried, doAll })),
})

export const revertChangeRequest = nativeWrite({
  name: 'revertChangeRequest',
  summary: 'Make again what was before the change.',
  description:
    'By the operations that were prepared when it was made, in one transaction, on your right. Refused where somebody has changed one of the objects since, outside of its window, while frozen, three days after it was applied, and where it changes change control: propose the operations of `inverse` then.',
  action: 'change:propose',
  input: z.strictObject({ changeRequestId, note: note.describe('Why, for the record.'), emergency }),
  output: changeRequest,
  rest: { method: 'POST', path: '/change-requests/{changeRequestId}/revert' },
  cli: 'change-request revert',
  isList: true,
  refusals: [...refusalsOfGoverned, 'NotFound', 'MalformedId', 'IncorrectState', 'LimitExceeded'],
  at: placeOfChange,
  run: async (context, { changeRequestId: id, note: why, emergency: because }) =>
    describe(context, await revertChange(context, id, { note: why, emergency: because, doAll: doInverse })),
})

export const changeRequestOperations = [
  listChangeRequests,
  getChangeRequest,
  proposeChange,
  updateChangeRequest,
  submitChangeRequest,
  approveChangeRequest,
  rejectChangeRequest,
  abandonChangeRequest,
  applyChangeRequest,
  breakGlassChangeRequest,
  reviewChangeRequest,
  haltChangeRequest,
  resumeChangeRequest,
  revertChangeRequest,
] as const

// The answer ---------------------------------------------------------------------------------------------------------

const readWindow = ({ from, until }: z.output<typeof window>): ChangeWindow => ({
  ...(from === undefined ? {} : { from: parseInstant(from) }),
  ...(until === undefined ? {} : { until: parseInstant(until) }),
})

/** As whoever asks may see it. */
export const showChangeRequest = async (context: ReadContext, id: string) => show(await getDescribedChange(context, id))

const showAct = ({ by, makers = [], at }: Attribution) => ({ by, ...showMakers(makers), at: formatInstant(at) })

async function describe(context: ReadContext, request: ChangeRequest): Promise<z.output<typeof changeRequest>> {
  const simulated = await simulationOf(context, request)
  const simulation = simulated && describeSimulation(context, simulated)
  return { ...(await show(await describeChange(context, request))), ...(simulation ? { simulation } : {}) }
}

async function show({
  request,
  content: { operations, bindings },
  inverse,
}: DescribedChange): Promise<z.output<typeof changeRequest>> {
  const references = bindings && (await referencesIn(operations as readonly GovernedOperation[], bindings))
  const lookedAt = bindings ? lookedAtIn(bindings) : []
  return {
    ...showSummary(request),
    operations: showOperations(operations),
    ...(references && references.length > 0 ? { references: [...references] } : {}),
    ...(lookedAt.length > 0 ? { lookedAt: lookedAt.map((one) => ({ ...one, state: { ...one.state } })) } : {}),
    ...(inverse
      ? { inverse: { ...inverse, operations: showOperations(inverse.operations), left: [...inverse.left] } }
      : {}),
  }
}
const showOperations = (operations: DescribedChange['content']['operations']) =>
  operations.map(({ operation, input, as }) => ({
    operation,
    input: { ...input },
    ...(as === undefined ? {} : { as }),
  })) as z.output<typeof changeRequest>['operations']

function showSummary(request: ChangeRequest): z.output<typeof listed> {
  const { impact: found, window: times, rejected, ended, emergencies } = request
  return {
    changeRequestId: request.id,
    node: request.node,
    reason: request.reason,
    state: request.status,
    contentHash: request.contentHash,
    author: showAct(request.author),
    editors: request.editors.map(showAct),
    ...(found ? { impact: showImpact(found) } : {}),
    needed: request.needed,
    approvals: countingApprovals(request).map((one) => ({ ...showAct(one), isOfRoot: one.isOfRoot })),
    ...(times ? { window: showWindow(times) } : {}),
    ...showByClock(request),
    ...(request.plannedFor === undefined ? {} : { plannedFor: request.plannedFor }),
    ...showRollout(request),
    ...(rejected ? { rejected: { ...showAct(rejected), note: rejected.note } } : {}),
    ...(emergencies ? { emergencies: emergencies.map(showEmergency) } : {}),
    ...(ended ? { ended: { ...showAct(ended), ...(ended.note === undefined ? {} : { note: ended.note }) } } : {}),
  }
}

function showRollout({ rollout: stages, progress, halted: halt }: ChangeRequest) {
  const shown = progress && {
    ...{ stage: progress.stage, stages: progress.stages },
    ...{ since: formatInstant(progress.since), nextAt: formatInstant(progress.nextAt) },
  }
  return {
    ...(stages ? { rollout: rollout.parse(stages) } : {}),
    ...(shown ? { progress: shown } : {}),
    ...(halt ? { halted: showHalt(halt) } : {}),
  }
}
function showHalt({ at, ...halt }: NonNullable<ChangeRequest['halted']>) {
  const shown = { ...halt, at: formatInstant(at) }
  if ('until' in shown) return { ...shown, until: formatInstant(shown.until) }
  if (!('because' in shown)) return shown
  const { because, ...rest } = shown
  return { ...rest, ...(because ? { detail: problemInWords(because) } : {}) }
}
function showByClock({ appliesAt, failed }: ChangeRequest) {
  return {
    ...(appliesAt === undefined ? {} : { appliesAt: formatInstant(appliesAt) }),
    ...(failed ? { failed: showFailed(failed) } : {}),
  }
}
const showFailed = ({ at, code, because }: NonNullable<ChangeRequest['failed']>) => ({
  ...{ at: formatInstant(at), code },
  ...(because ? { detail: problemInWords(because) } : {}),
})
const showEmergency = ({ reason: why, broken, reviewed }: Emergency) => ({
  ...showAct(broken),
  reason: why,
  ...(reviewed ? { reviewed: { ...showAct(reviewed), note: reviewed.note } } : {}),
})
const showRequests = ({ days, isWhole, asked, groups, samples, ...counts }: RequestsFound) => ({
  ...{ days, asked, isWhole, ...countsIn(counts) },
  groups: groups.map(({ account, resourceType, asked: _, ...group }) => ({
    account,
    resourceType,
    ...countsIn(group),
  })),
  samples: samples.map(({ decisionId }) => decisionId),
})
const countsIn = ({ newlyDenied, newlyAllowed, elsewhere }: Omit<RequestCounts, 'asked'>) => ({
  newlyDenied,
  newlyAllowed,
  elsewhere,
})
const showImpact = ({
  at,
  groups,
  samples,
  left,
  requests,
  accounts: _,
  ...found
}: NonNullable<ChangeRequest['impact']>) => ({
  ...found,
  ...(requests ? { requests: showRequests(requests) } : {}),
  ...(left ? { left: [...left] } : {}),
  foundAt: formatInstant(at),
  groups: groups.map((group) => ({ ...group })),
  samples: samples.map((sample) => ({ ...sample })),
})
const showWindow = ({ from, until }: ChangeWindow) => ({
  ...(from === undefined ? {} : { from: formatInstant(from) }),
  ...(until === undefined ? {} : { until: formatInstant(until) }),
})
