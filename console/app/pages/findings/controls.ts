// What each control watches for, how what it found is mended, and how its findings end.
import { differenceKinds } from '#model/observed-difference.ts'

export interface ControlWords {
  readonly what: string
  readonly mend: string
  /** When it resolves by itself. */
  readonly ends: string
  /** It is never set aside: it ends by what it asks for. */
  readonly isNeverSuppressed?: true
}
const ofSpace = 'It resolves by itself once policy would give the space as it is, or nobody has it any more.'
const ofPool = 'It resolves by itself once the pool is used less.'
const known: Readonly<Record<string, ControlWords>> = {
  policy: {
    what: 'Space that the policies in force now would not give.',
    mend: 'Move it to space that policy gives and release it, ask for an exception for a time, or have the policy changed.',
    ends: ofSpace,
  },
  'policy-exempt': {
    what: 'Space that the policies in force now give under an exception alone.',
    mend: 'Nothing has to be done before the exception ends: until then move it, or have the exception renewed.',
    ends: 'It resolves by itself once policy gives the space without the exception. When the exception ends it is a finding that does not comply.',
  },
  'tags-changed': {
    what: 'Space that policy would not give again with the tags that there are by now.',
    mend: 'Put back the tags by which it was given, or move what is there to space that policy gives with the tags of now.',
    ends: ofSpace,
  },
  'exception-ended': {
    what: 'Space that was taken under an exception which is over.',
    mend: 'Release it, or ask for a new exception.',
    ends: 'It resolves by itself once it is released, or policy or another exception gives it.',
  },
  'break-glass-review': {
    what: 'A break-glass that nobody else has reviewed yet.',
    mend: 'Somebody else with the role approver reviews the exception.',
    ends: 'It resolves once somebody else has reviewed it.',
    isNeverSuppressed: true,
  },
  'change-review': {
    what: 'A change that was made in an emergency, without approvals, and that nobody else has reviewed yet.',
    mend: 'Somebody else who may approve it reviews the change request.',
    ends: 'It resolves once somebody else has reviewed it.',
    isNeverSuppressed: true,
  },
  'pool-nearly-full': {
    what: 'A pool that is nearly full.',
    mend: 'Provision another CIDR to the pool, or release what is not needed.',
    ends: ofPool,
  },
  'pool-soon-full': {
    what: 'A pool that runs dry soon, if its use goes on as it went.',
    mend: 'Provision another CIDR to the pool, or release what is not needed.',
    ends: ofPool,
  },
  'source-stale': {
    what: 'A source whose last listing is older than it should be.',
    mend: 'Run its collector again, and look why it did not run. What it was expected to report how often is in its settings.',
    ends: 'It resolves by itself with its next run.',
  },
}
const mended: Readonly<Record<string, string>> = {
  unregistered: 'Adopt it, so that it is registered for whoever has it, or ignore it for a time.',
  'unregistered-public': 'Adopt it, so that it is registered for whoever has it, or ignore it for a time.',
  'other-owner': 'Ask both owners whose it is. Release what is wrong in the register, and adopt what is there.',
  'other-resource': 'Release what the register has for the former resource, and adopt what is there.',
  'other-block': 'Release the block that the register has, and adopt the one that is there.',
  gone: 'Release what the register still has, once whoever has it says that it is gone.',
  overlap: 'Ask the owners: one of the two has to move, or the source tells of two spaces as if they were one.',
  unseen: 'Look whether the source reads where it is. Release it where it is not there.',
}

export function wordsOf(control: string): ControlWords {
  const kind = control.replace(/^difference-/, '')
  const what = Object.entries(differenceKinds).find(([name]) => name === kind)?.[1]
  return (
    known[control] ?? {
      what: what ?? control,
      mend: mended[kind] ?? 'Look at what it says.',
      ends: 'It resolves by itself once the register and the source say the same.',
    }
  )
}
export const controlNames: readonly string[] = [
  ...Object.keys(known),
  ...Object.keys(differenceKinds).map((kind) => `difference-${kind}`),
]
