// What can be done with a change request, by whom and when.
import type { Action } from '#model/roles.ts'
import { answer, api, type Schemas } from '../../api/client.ts'
import type { Act } from '../../parts/acts.tsx'

type Request = Schemas['ChangeRequest']
type State = Request['state']

export interface Asking {
  readonly request: Request | undefined
  readonly me: string | undefined
  /** Why somebody may not, by their roles. */
  readonly why: (action: Action, node: string) => string | undefined
  readonly edit: () => void
}

/** In which states the server lets it be done. */
const statesFor = {
  edit: ['draft', 'in-review', 'approved'],
  submit: ['draft', 'in-review', 'approved'],
  approve: ['in-review', 'approved'],
  reject: ['in-review', 'approved'],
  abandon: ['draft', 'in-review', 'approved'],
  apply: ['approved'],
  'break-glass': ['in-review', 'approved'],
  review: ['applied', 'reverted', 'scheduled', 'halted'],
  halt: ['scheduled'],
  resume: ['halted'],
  revert: ['scheduled', 'halted', 'applied'],
} as const satisfies Record<string, readonly State[]>
type Way = keyof typeof statesFor

const stateWords: Readonly<Record<State, string>> = {
  draft: 'It is a draft.',
  'in-review': 'It is in review: it waits for approval.',
  approved: 'It is approved, and not made yet.',
  scheduled: 'It is being rolled out.',
  applied: 'It is applied.',
  halted: 'Its rollout is halted.',
  reverted: 'It is reverted.',
  abandoned: 'It is abandoned.',
}
const actionFor: Readonly<Record<Way, Action>> = {
  edit: 'change:propose',
  submit: 'change:propose',
  approve: 'change:approve',
  reject: 'change:approve',
  abandon: 'change:propose',
  apply: 'change:propose',
  'break-glass': 'change:approve',
  review: 'change:approve',
  halt: 'change:propose',
  resume: 'change:propose',
  revert: 'change:propose',
}
/** For so long the approvals of a change cover that it is taken back. */
const revertableMs = 3 * 86_400_000

/** Why somebody cannot do it now, in the order in which the server would say so; undefined where nothing is known that speaks against it. */
export function reasonOf(way: Way, { request, me, why }: Asking): string | undefined {
  if (!request) return 'It is not loaded.'
  const {
    state,
    author,
    editors,
    approvals,
    emergencies = [],
    needed,
    simulation,
    ended,
    halted,
    window: times,
  } = request
  if (!(statesFor[way] as readonly State[]).includes(state)) return stateWords[state]
  const role = why(actionFor[way], request.node)
  if (role !== undefined) return role
  const wrote = author.by === me ? 'wrote' : editors.some(({ by }) => by === me) ? 'edited' : undefined
  switch (way) {
    case 'approve':
      if (wrote) return `You ${wrote} it: somebody else with the role approver approves it.`
      if (approvals.some(({ by }) => by === me)) return 'You have approved it. It takes somebody else, too.'
      if (needed?.isSimulated && !(simulation?.status === 'done' && simulation.isCurrent !== false))
        return 'It takes a simulation of what it says now, before anybody approves it.'
      return undefined
    case 'submit':
      return wrote
        ? undefined
        : `Only those who wrote it submit it: ${[author, ...editors].map(({ by }) => by).join(', ')}.`
    case 'apply':
      if (times?.from !== undefined && Date.parse(times.from) > Date.now()) return 'Its window is not open yet.'
      if (times?.until !== undefined && Date.parse(times.until) <= Date.now()) return 'Its window is over: edit it.'
      return undefined
    case 'revert': {
      const since = state === 'applied' ? ended?.at : state === 'halted' ? halted?.at : undefined
      if (since !== undefined && Date.now() >= Date.parse(since) + revertableMs)
        return 'Its approvals cover that for three days. Propose what undoes it as a change request of its own.'
      return undefined
    }
    case 'review': {
      if (emergencies.length === 0) return 'Only what was done in an emergency is reviewed.'
      const open = emergencies.filter(({ reviewed }) => reviewed === undefined)
      if (open.length === 0) return `It was reviewed by ${emergencies.at(-1)!.reviewed!.by}.`
      const isPart = wrote !== undefined || ended?.by === me || emergencies.some(({ by }) => by === me)
      return isPart ? 'You had a part in it: somebody else with the role approver reviews it.' : undefined
    }
    default:
      return undefined
  }
}

export function actsOn(asking: Asking): readonly Act<Request>[] {
  const { request } = asking
  const state = request?.state
  const pathOf = ({ changeRequestId }: Request) => ({ path: { changeRequestId } })
  const act = (way: Way, rest: Omit<Act<Request>, 'id' | 'reason'>, id: string = way): Act<Request> => ({
    id,
    reason: reasonOf(way, asking),
    ...rest,
  })
  return [
    act('submit', {
      act: 'Submit',
      title: 'Submit for review',
      done: state === 'draft' ? 'It waits for approval.' : 'What it would do is found anew.',
      says:
        state === 'draft'
          ? 'What it would do is found first. Others then approve exactly what it says.'
          : 'What it would do is found anew. Approvals stay where it does no more than was approved.',
      isPrimary: state === 'draft',
      isRare: state !== 'draft',
      call: (of) => answer(api.POST('/change-requests/{changeRequestId}/submit', { params: pathOf(of) })),
    }),
    act('approve', {
      act: 'Approve',
      title: 'Approve this change',
      done: 'Your approval is on record.',
      says: 'You approve exactly what is shown here. If it is edited, your approval is void; if it was edited since you opened it, nothing is approved.',
      isPrimary: state === 'in-review',
      call: (of) =>
        answer(
          api.POST('/change-requests/{changeRequestId}/approve', {
            params: pathOf(of),
            body: { contentHash: of.contentHash },
          }),
        ),
    }),
    act('reject', {
      act: 'Send back',
      title: 'Send it back to its author',
      done: 'It is a draft of its author again.',
      says: 'It becomes a draft again, and all its approvals are void. The author reads your comment.',
      note: { label: 'Comment' },
      call: (of, note) =>
        answer(api.POST('/change-requests/{changeRequestId}/reject', { params: pathOf(of), body: { note } })),
    }),
    act('apply', {
      act: 'Apply',
      title: 'Apply this change',
      done: request?.rollout === undefined ? 'The change is made.' : 'Its first stage is made.',
      says:
        request?.rollout === undefined
          ? 'All of it is done in one step, or none. It is made on your right.'
          : 'Its first stage is made, on your right. The next ones follow by themselves, and halt by themselves.',
      isPrimary: state === 'approved',
      call: (of) =>
        answer(
          api.POST('/change-requests/{changeRequestId}/apply', {
            params: pathOf(of),
            body: { contentHash: of.contentHash },
          }),
        ),
    }),
    act('halt', {
      act: 'Halt',
      title: 'Halt the rollout',
      done: 'The rollout is halted.',
      says: 'No further stage is made until somebody resumes it. What is made stays.',
      note: { label: 'Reason' },
      isPrimary: state === 'scheduled',
      call: (of, note) =>
        answer(api.POST('/change-requests/{changeRequestId}/halt', { params: pathOf(of), body: { note } })),
    }),
    act('resume', {
      act: 'Resume',
      title: 'Resume the rollout',
      done: 'The rollout goes on.',
      says: 'The next stage is made once the last one was watched as long as it says, anew where that halted it.',
      isPrimary: state === 'halted',
      call: (of) => answer(api.POST('/change-requests/{changeRequestId}/resume', { params: pathOf(of), body: {} })),
    }),
    act('revert', {
      act: 'Revert',
      title: 'Revert this change',
      done: 'The change is reverted.',
      says: 'What it changed is as before, in one step. The approvals of the change cover that for three days.',
      note: { label: 'Reason' },
      call: (of, note) =>
        answer(api.POST('/change-requests/{changeRequestId}/revert', { params: pathOf(of), body: { note } })),
    }),
    act('edit', { act: 'Edit', title: 'Edit this change', done: '', says: '', go: asking.edit }),
    act('review', {
      act: 'Review',
      title: 'Review what was done in an emergency',
      done: 'Your review is on record.',
      says: 'You have looked at what was done without approvals. That ends its finding.',
      note: { label: 'What you found' },
      isPrimary: reasonOf('review', asking) === undefined,
      isRare: (request?.emergencies ?? []).length === 0,
      call: (of, note) =>
        answer(api.POST('/change-requests/{changeRequestId}/review', { params: pathOf(of), body: { note } })),
    }),
    act('abandon', {
      act: 'Abandon',
      title: 'Abandon this change',
      done: 'It is abandoned.',
      says: 'Nothing of it is done.',
      note: { label: 'Reason', isOptional: true },
      isRare: true,
      call: (of, note) =>
        answer(
          api.POST('/change-requests/{changeRequestId}/abandon', {
            params: pathOf(of),
            body: note === '' ? {} : { note },
          }),
        ),
    }),
    act('break-glass', {
      act: 'Break glass: apply now',
      title: 'Make it at once, in an emergency',
      done: 'The change is made. Somebody else has to review it.',
      says: 'It is made without approvals, whatever its window and freezes are. It is a finding until somebody else has reviewed it.',
      note: { label: 'What the emergency is' },
      isRare: true,
      call: (of, reason) =>
        answer(
          api.POST('/change-requests/{changeRequestId}/break-glass', {
            params: pathOf(of),
            body: { contentHash: of.contentHash, reason },
          }),
        ),
    }),
    ...(['resume', 'revert'] as const).map((way) =>
      act(
        way,
        {
          act: way === 'resume' ? 'Break glass: resume now' : 'Break glass: revert now',
          title: way === 'resume' ? 'Resume at once, in an emergency' : 'Revert at once, in an emergency',
          done: way === 'resume' ? 'The next stage is made.' : 'The change is reverted.',
          says: 'Outside of its window, and while changes are frozen. You need the role approver, and somebody else has to review it.',
          note: { label: 'What the emergency is' },
          isRare: true,
          call: (of, emergency) =>
            way === 'resume'
              ? answer(
                  api.POST('/change-requests/{changeRequestId}/resume', { params: pathOf(of), body: { emergency } }),
                )
              : answer(
                  api.POST('/change-requests/{changeRequestId}/revert', {
                    params: pathOf(of),
                    body: { note: emergency, emergency },
                  }),
                ),
        },
        `${way}-now`,
      ),
    ),
    {
      id: 'simulate',
      act: 'Simulate',
      title: 'Simulate this change',
      done: 'It is simulated: how far it is stands under "Simulation".',
      says: 'The requests of the last 30 days are asked again, by the rules of now and by those of the change, with what pools have free. Nothing is changed.',
      isRare: true,
      reason:
        state !== undefined && ['draft', 'in-review', 'approved'].includes(state)
          ? asking.why('change:propose', request!.node)
          : state && stateWords[state],
      call: (of) => answer(api.POST('/change-requests/{changeRequestId}/simulate', { params: pathOf(of), body: {} })),
    },
  ]
}
