// What is wrong with a request, as facts: a reason of the catalogues beside this file and what it needs to be said. Verbs, rules and the
// store make these and no sentences; they import the type alone.
import { adoptionProblems } from './adoption.ts'
import { estateProblems } from './estate.ts'
import { generalProblems } from './general.ts'
import { governanceProblems } from './governance.ts'
import { identityProblems } from './identity.ts'
import { ipamProblems } from './ipam.ts'
import { networkProblems } from './network.ts'
import { networkObjectProblems } from './network-objects.ts'
import { notificationProblems } from './notification.ts'
import { organizationProblems } from './organization.ts'
import { policyProblems } from './policy.ts'
import type { Nested, Said, Say } from './said.ts'
import { spaceProblems } from './space.ts'

/** By what they are about, in the order of the reference. */
export const problemCatalogues = {
  general: generalProblems,
  space: spaceProblems,
  ipam: ipamProblems,
  networks: networkProblems,
  'network objects': networkObjectProblems,
  policy: policyProblems,
  governance: governanceProblems,
  organization: organizationProblems,
  identity: identityProblems,
  estate: estateProblems,
  adoption: adoptionProblems,
  notifications: notificationProblems,
}
const problems = {
  ...adoptionProblems,
  ...generalProblems,
  ...spaceProblems,
  ...ipamProblems,
  ...networkProblems,
  ...networkObjectProblems,
  ...policyProblems,
  ...governanceProblems,
  ...organizationProblems,
  ...identityProblems,
  ...estateProblems,
  ...notificationProblems,
}

export type Problem = Said<'why', typeof problems>
export type Why = Problem['why']

const ownNames = { name: (member: string) => member, told: () => '' }

/** In the words of the catalogue. */
export function problemInWords(problem: Problem, say?: Partial<Say>): string
export function problemInWords(problem: Problem | undefined, say?: Partial<Say>): string | undefined
export function problemInWords(problem: Problem | undefined, say: Partial<Say> = {}): string | undefined {
  if (problem === undefined) return undefined
  const words = problems[problem.why] as ((facts: Problem, say: Say) => string) | undefined
  // Of what is kept: a reason that a newer server has put on record is said by its name.
  if (!words) return problem.why
  const inFull = { ...ownNames, words: (part: Nested) => problemInWords(part as Problem, say), ...say }
  return words(problem, inFull)
}
