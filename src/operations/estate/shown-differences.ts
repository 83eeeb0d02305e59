// What is told of a difference, and to whom: what policy would have said is for those who may read policies where it holds.
import type { ExistingAnswer } from '#model/policy/existing.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import type { EvaluatedPlace } from './comparing.ts'
import type { ListedDifference } from './differences.ts'

/** What policy would have said, as far as whoever asks may know. */
export interface EvaluatedFacts {
  readonly answer: ExistingAnswer
  readonly resourceType: string
  readonly locale: string
  readonly poolId?: string
  readonly policyId?: string
  readonly version?: number
  readonly setting?: string
  readonly allowed?: readonly string[]
}
export interface ShownDifference {
  readonly found: ListedDifference
  readonly policy: EvaluatedFacts | undefined
}

export async function withPolicy(
  context: ReadContext,
  all: readonly ListedDifference[],
): Promise<readonly ShownDifference[]> {
  const mayReadPolicy = await permitter(context, 'policy:read')
  return all.map((found) => {
    const { evaluated, account } = found
    return { found, policy: evaluated && factsOf(evaluated, account !== undefined && mayReadPolicy(account)) }
  })
}

function factsOf({ answer, request, verdict, pool }: EvaluatedPlace, isTold: boolean): EvaluatedFacts {
  const { resourceType, locale } = request
  const { policy, denial, candidates } = verdict
  const base = { answer, resourceType, locale, ...(pool ? { poolId: pool.id } : {}) }
  if (!isTold) return base
  return {
    ...base,
    ...(policy ? { policyId: policy.id, version: policy.version } : {}),
    ...(answer === 'denied' && denial && !denial.isWithheld
      ? { setting: denial.setting, allowed: denial.allowed }
      : {}),
    ...(answer === 'elsewhere' ? { allowed: candidates.map((one) => one.pool) } : {}),
  }
}
