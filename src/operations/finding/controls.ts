// Every control that there is.
import type { Severity } from '#model/finding.ts'
import { type Control, control } from './control.ts'

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

export const controls: readonly Control[] = [breakGlassReview, exceptionEnded, tagsChanged]

const byName: ReadonlyMap<string, Control> = new Map(controls.map((one) => [one.name, one]))
export const controlNamed = (name: string): Control | undefined => byName.get(name)
export const controlNames: readonly string[] = controls.map(({ name }) => name)
export const controlsOf = (severity: Severity): readonly string[] =>
  controls.filter((one) => one.severity === severity).map(({ name }) => name)
