// What is wrong with change requests, and with changes that need one.
import { momentText } from './phrases.ts'

export const governanceProblems = {
  'change-state': ({ state, action }: { state: string; action: keyof typeof statesFor }) =>
    `it is ${state}, and only ${statesFor[action]}`,
  'wrote-it': ({ wrote, by, request, node, shared }: WroteFacts) =>
    `\`${wrote}\` wrote \`${request}\` or a part of it, and so \`${by}\` cannot approve or review it${shared === undefined ? '' : ` (\`${shared}\` may stand behind both: by sign-in, or as who made the token of the other)`}; somebody else who may approve at \`${node}\` must`,
  'not-written-by-you': ({ author, by }: { author: string; by: string }) =>
    `\`${author}\` wrote it, and \`${by}\` has not edited it: whoever wrote or edited it submits it, since it is tried on their right`,
  'other-content': ({ now }: { now: string }) =>
    `it says something else by now: look at it again, and name \`${now}\` as \`contentHash\` if it is what you mean`,
  'approved-already': ({ by }: { by: string }) => `\`${by}\` has approved it already, and another person is needed`,
  'not-simulated': ({ id }: { id: string }) =>
    `by the rules of approval it is approved once it was simulated as it is now: \`cadastre change-request simulate ${id}\` begins that`,
  'impact-changed': ({ approved, approvers, ofRoot }: { approved: number; approvers: number; ofRoot: number }) =>
    `by what it would do now it needs ${approvers === 1 ? 'one approver' : `${approvers} approvers`}${ofRoot === 0 ? '' : `, ${ofRoot} of whom may approve at the root`}, and ${approved === 1 ? 'one approval counts' : `${approved} approvals count`}: submit it again, and have it approved for that`,
  'never-bound': () => 'it was submitted before names were bound to what they stand for: submit it again',
  'approvals-lost': ({ lost, approved, approvers, ofRoot }: LostFacts) =>
    `${lost.map((one) => `\`${one}\``).join(' and ')} may not approve it any more: ${approved === 1 ? 'one approval is' : `${approved} approvals are`} left of ${approvers} that it needs${ofRoot === 0 ? '' : `, ${ofRoot} of them by who may approve at the root`}; have it approved by others`,
  'stage-above-approved': ({ class: found, approved }: { class: string; approved: string }) =>
    `what its next stage would do now is \`${found}\`, and \`${approved}\` was approved: propose what is left of it anew`,
  'stage-approvals-lost': ({ lost, approved, approvers, ofRoot }: LostFacts) =>
    `${lost.map((one) => `\`${one}\``).join(' and ')} may not approve it any more: ${approved === 1 ? 'one approval is' : `${approved} approvals are`} left of ${approvers} that it needs${ofRoot === 0 ? '' : `, ${ofRoot} of them by who may approve at the root`}; resume it once they may again, or propose what is left of it anew`,
  'stage-needs-more': ({ approved, approvers, ofRoot }: { approved: number; approvers: number; ofRoot: number }) =>
    `by the rules of now it needs ${approvers === 1 ? 'one approver' : `${approvers} approvers`}${ofRoot === 0 ? '' : `, ${ofRoot} of whom may approve at the root`}, and ${approved === 1 ? 'one approval counts' : `${approved} approvals count`}: propose what is left of it anew`,
  'stage-not-simulated': () =>
    'by the rules of now it is simulated before anybody approves it, and it was not: propose what is left of it anew',
  'runner-may-not': ({ runner, action, node }: { runner: string; action: string; node: string }) =>
    `\`${runner}\`, by whom it goes on, may not do \`${action}\` any more at \`${node}\`: somebody else must resume it`,
  'writer-may-not': ({ writer, action, node }: { writer: string; action: string; node: string }) =>
    `\`${writer}\`, who wrote it, may not do \`${action}\` any more at \`${node}\`: somebody else must propose it`,
  'writer-cannot': ({ writer, action, node }: { writer: string; action: string; node: string }) =>
    `\`${writer}\`, who wrote at it, may not do \`${action}\` at \`${node}\`: propose the same as a change request of your own`,
  'window-ahead': ({ from }: { from: number }) => `its window begins at ${momentText(from)}`,
  'window-over': ({ until }: { until: number }) => `its window ended at ${momentText(until)}: edit the window`,
  frozen: ({ until, reason }: { until: number; reason: string }) =>
    `changes are frozen until ${momentText(until)}: ${reason}`,
  'stages-have-all': ({ operations }: { operations: number }) =>
    `the stages together must have each of the ${operations} operations once`,
  'right-of-group': ({ principal, node }: { principal: string; node: string }) =>
    `a rollout goes on after the sign-in that proves groups: bind the roles to \`${principal}\` at \`${node}\`, or let somebody apply it who has them by name`,
  'no-inverse': () => 'nothing was prepared that would undo it: propose a change that does',
  'revert-late': ({ appliedAt }: { appliedAt: number }) =>
    `it was applied at ${momentText(appliedAt)}, more than three days ago: propose the operations of its inverse as a change of their own`,
  'revert-late-of-halt': ({ haltedAt }: { haltedAt: number }) =>
    `it was halted at ${momentText(haltedAt)}, more than three days ago: propose the operations of its inverse as a change of their own`,
  'revert-of-control': ({ ipamId }: { ipamId: string }) =>
    `it would change how changes of \`${ipamId}\` are controlled: propose that as a change of its own`,
  'changed-since': ({ objects }: { objects: readonly string[] }) =>
    `somebody has changed ${objects.join(', ')} since: propose a change that undoes it`,
  'planned-for-other': ({ objects }: { objects: readonly string[] }) =>
    `somebody has changed ${objects.join(', ')} since it was planned: edit it, or abandon it, and plan anew`,
  'window-ends-first': () => 'it must be later than now and than `from`',
  'outside-of-node': ({ node, other }: { node: string; other: string }) =>
    `an operation acts at \`${other}\`, which is not below \`${node}\`: propose it at a node that is above all that it changes`,
  'label-taken': () => 'an operation before has this label',
  'no-such-label': () => 'no operation before has this label',
  'no-such-member': () => 'what it labels has no such member',
  'version-of-list': () =>
    'an operation before makes it, and it may have another number by then: label the one that drafts it, and say `$LABEL.version`',
  'governance-moves': () => 'what is governed changes faster than this could be tried',
  'governance-held': () => 'what others propose is tried first: until then, nobody changes what is governed',
}

const statesFor = {
  edit: 'what waits can be edited',
  submit: 'what waits can be submitted',
  simulate: 'what is not made yet can be simulated',
  approve: 'what is in review can be approved',
  reject: 'what is in review, approved or scheduled can be rejected',
  abandon: 'what waits can be abandoned',
  apply: 'what is approved can be applied',
  'break-glass': 'what was submitted can be applied in an emergency',
  review: 'what was applied can be reviewed',
  halt: 'what is rolled out can be halted',
  resume: 'what was halted can be resumed',
  revert: 'what was applied, is rolled out or was halted can be reverted',
} as const

interface LostFacts {
  readonly lost: readonly string[]
  readonly approved: number
  readonly approvers: number
  readonly ofRoot: number
}
interface WroteFacts {
  readonly wrote: string
  readonly by: string
  readonly request: string
  readonly node: string
  /** What may stand behind both, where they are not the same. */
  readonly shared?: string
}
