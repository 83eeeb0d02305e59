// Every control that there is.
import type { Severity } from '#model/finding.ts'
import { type Control, control } from './control.ts'
import { differenceControls, sourceStale } from './difference-controls.ts'

/** What is said of space that something was given for. */
export type SpaceFacts = {
  readonly cidr: string
  readonly resourceId?: string
  readonly decisionId?: string
  readonly exceptionId?: string
}

export const breakGlassReview = control<{ readonly requestedBy: string }>({
  name: 'break-glass-review',
  severity: 'high',
  about: 'exception',
  summary: 'A break-glass that nobody else has reviewed yet.',
  words: ({ requestedBy }) => `${requestedBy} broke the glass, and nobody else has reviewed it.`,
})
export const exceptionEnded = control<SpaceFacts & { readonly exceptionId: string }>({
  name: 'exception-ended',
  severity: 'medium',
  about: 'ipam-pool-allocation',
  summary: 'Space that was taken under an exception which is over.',
  words: ({ cidr, exceptionId }) => `${cidr} was taken under ${exceptionId}, which is over.`,
})
export const tagsChanged = control<SpaceFacts>({
  name: 'tags-changed',
  severity: 'medium',
  about: 'ipam-pool-allocation',
  summary: 'Space that policy would not give again with the tags that there are by now.',
  words: ({ cidr }) => `${cidr} would not be given again with the tags that there are by now.`,
})

/** Percent that are used: the highest of these that is reached. */
export const fullSteps = [100, 98, 95, 90] as const
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
  breakGlassReview,
  exceptionEnded,
  tagsChanged,
  poolNearlyFull,
  poolSoonFull,
  ...Object.values(differenceControls),
  sourceStale,
]

const byName: ReadonlyMap<string, Control> = new Map(controls.map((one) => [one.name, one]))
export const controlNamed = (name: string): Control | undefined => byName.get(name)
export const controlNames: readonly string[] = controls.map(({ name }) => name)
export const controlsOf = (severity: Severity): readonly string[] =>
  controls.filter((one) => one.severity === severity).map(({ name }) => name)
