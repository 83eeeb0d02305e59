// Every control that there is.
import { formatCidr } from '#model/cidr.ts'
import type { Facts, Severity } from '#model/finding.ts'
import { needsReview } from '#model/policy/exception.ts'
import { fullSteps } from '#model/roll-up.ts'
import { withTagFindings } from '../policy/tag-findings.ts'
import { changeReview } from './change-review.ts'
import { type Control, control, type ExceptionControl, type SpaceControl } from './control.ts'
import { differenceControls, sourceStale } from './difference-controls.ts'
import { type EvaluatedSpace, givenOf, isBrought } from './spaces.ts'
import { policyCause } from './words.ts'

/** What is said of space. */
interface SpaceFacts {
  readonly cidr: string
  readonly resourceId?: string
}
function factsOfSpace({ space }: EvaluatedSpace): SpaceFacts {
  const resourceId = isBrought(space) ? space.network : space.resourceId
  return { cidr: formatCidr(space.cidr), ...(resourceId === undefined ? {} : { resourceId }) }
}

interface RuleFacts extends SpaceFacts {
  readonly cause: string
  readonly pool: string
  readonly setting?: string
  readonly value?: string
  readonly allowed?: readonly string[]
  readonly policyId?: string
  readonly target?: string
  readonly exceptionId?: string
}
const ofState =
  (state: 'noncompliant' | 'exempt'): SpaceControl['look'] =>
  async (_, spaces) =>
    spaces.map((space) => {
      const { evaluation } = space
      return evaluation.state === state ? { ...factsOfSpace(space), ...evaluation.facts } : undefined
    })

export const policyControl: SpaceControl = {
  ...control<RuleFacts>({
    name: 'policy',
    severity: 'high',
    about: 'ipam-pool-allocation',
    summary: 'Space that the policies in force now would not give.',
    words: ({ cidr, ...facts }) => `${cidr} does not comply: ${policyCause(facts)}.`,
  }),
  watches: 'space',
  look: ofState('noncompliant'),
}
export const exemptControl: SpaceControl = {
  ...control<RuleFacts>({
    name: 'policy-exempt',
    severity: 'informational',
    about: 'ipam-pool-allocation',
    summary: 'Space that the policies in force now give under an exception alone.',
    words: ({ cidr, exceptionId }) => `${cidr} is exempt under ${exceptionId}.`,
  }),
  watches: 'space',
  look: ofState('exempt'),
}

export const tagsChanged: SpaceControl = {
  ...control<SpaceFacts & { readonly decisionId: string; readonly exceptionId?: string }>({
    name: 'tags-changed',
    severity: 'medium',
    about: 'ipam-pool-allocation',
    summary: 'Space that policy would not give again with the tags that there are by now.',
    words: ({ cidr }) => `${cidr} would not be given again with the tags that there are by now.`,
  }),
  watches: 'space',
  async look(context, spaces) {
    // What policy gives as it is needs no second look: nothing is read of most.
    // Nothing was given of what no pool gave.
    const asked = spaces.flatMap(({ space, evaluation }) =>
      evaluation.facts === undefined || isBrought(space) ? [] : [givenOf(space)],
    )
    const found = await withTagFindings(context, asked)
    const byNumber = new Map(found.map(({ row, finding }) => [row.allocation, finding]))
    return spaces.map((space): Facts | undefined => {
      const finding = isBrought(space.space) ? undefined : byNumber.get(space.space.n)
      if (!finding) return undefined
      const { decisionId, exceptionId } = finding
      return { ...factsOfSpace(space), decisionId, ...(exceptionId === undefined ? {} : { exceptionId }) }
    })
  },
}

/** It is looked at from the exception on: what was given under one that is over. */
export const exceptionEnded = control<SpaceFacts & { readonly exceptionId: string; readonly decisionId: string }>({
  name: 'exception-ended',
  severity: 'medium',
  about: 'ipam-pool-allocation',
  summary: 'Space that was taken under an exception which is over.',
  words: ({ cidr, exceptionId }) => `${cidr} was taken under ${exceptionId}, which is over.`,
})

export const breakGlassReview: ExceptionControl = {
  ...control<{ readonly requestedBy: string }>({
    name: 'break-glass-review',
    severity: 'high',
    about: 'exception',
    summary: 'A break-glass that nobody else has reviewed yet.',
    // Else whoever broke it could set it aside for a year.
    isNeverSuppressed: true,
    words: ({ requestedBy }) => `${requestedBy} broke the glass, and nobody else has reviewed it.`,
  }),
  watches: 'exceptions',
  look: (exception) => (needsReview(exception) ? { requestedBy: exception.requested.by } : undefined),
}

export const poolNearlyFull = control<{ readonly usedPercent: number }>({
  name: 'pool-nearly-full',
  severity: 'high',
  about: 'ipam-pool',
  summary: `A pool of which ${fullSteps.at(-1)} % or more are used.`,
  words: ({ usedPercent }) =>
    usedPercent >= 100
      ? 'All of it is used: whoever has to take from it gets nothing.'
      : `${usedPercent} % of it or more are used.`,
})
/** Days within which a pool that is said to run dry is a finding. */
export const soonFullDays = 30
export const poolSoonFull = control<{ readonly week: string }>({
  name: 'pool-soon-full',
  severity: 'medium',
  about: 'ipam-pool',
  summary: `A pool that runs dry within ${soonFullDays} days, if its use goes on as it went.`,
  words: ({ week }) => `It runs dry in the week of ${week}, if its use goes on as it went.`,
})

export const controls: readonly Control[] = [
  policyControl,
  exemptControl,
  tagsChanged,
  exceptionEnded,
  breakGlassReview,
  changeReview,
  poolNearlyFull,
  poolSoonFull,
  ...Object.values(differenceControls),
  sourceStale,
]

/** Those that look at space, and those that look at exceptions, whenever either changes. */
export const spaceControls = controls.filter((one): one is SpaceControl => one.watches === 'space')
export const exceptionControls = controls.filter((one): one is ExceptionControl => one.watches === 'exceptions')

const byName: ReadonlyMap<string, Control> = new Map(controls.map((one) => [one.name, one]))
export const controlNamed = (name: string): Control | undefined => byName.get(name)
export const controlNames: readonly string[] = controls.map(({ name }) => name)
export const controlsOf = (severity: Severity): readonly string[] =>
  controls.filter((one) => one.severity === severity).map(({ name }) => name)
