// How far a change reaches, by which it is for more or fewer people to approve it.

/**
 * By what a change does, in order of severity: nothing that is there complies less, and nothing that was asked for lately would be denied; something
 * does or would, or not all of it was looked at; or it reaches the whole organization, or
 * somebody outside of where it is decided on. How many have to approve it depends on this.
 */
export const impactClasses = ['contained', 'noncompliant', 'central'] as const
export type ImpactClass = (typeof impactClasses)[number]

export const isAbove = (one: ImpactClass, other: ImpactClass): boolean =>
  impactClasses.indexOf(one) > impactClasses.indexOf(other)
