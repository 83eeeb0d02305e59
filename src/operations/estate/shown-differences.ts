// What is told of a difference, and to whom: what policy would have said is for those who may read policies where it holds.

import type { Suppression } from '#model/finding.ts'
import { formatId } from '#model/identifier.ts'
import type { DenialAllowed } from '#model/policy/denial.ts'
import type { ExistingAnswer } from '#model/policy/existing.ts'
import type { OwnerQuestion } from '#store/tables/adoptions.ts'
import type { Source } from '#store/tables/sources.ts'
import { isSetAside } from '../finding/settle.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { shownTo } from './as-shown.ts'
import { contactsSeen } from './asking.ts'
import type { EvaluatedPlace } from './comparing.ts'
import type { ListedDifference } from './differences.ts'
import { findingsOf } from './ignored.ts'

/** What policy would have said, as far as whoever asks may know. */
export interface EvaluatedFacts {
  readonly answer: ExistingAnswer
  readonly resourceType: string
  readonly locale: string
  readonly poolId?: string
  readonly policyId?: string
  readonly version?: number
  readonly setting?: string
  readonly allowed?: DenialAllowed
}
export interface ShownDifference {
  readonly found: ListedDifference
  /** What acting on it is bound to. */
  readonly shown: string
  readonly policy: EvaluatedFacts | undefined
  readonly findingId: string | undefined
  /** Who has set it aside, why and until when. */
  readonly ignored: Suppression | undefined
  /** Who was asked last; the contact as far as the caller may read where it stands. */
  readonly asked: (Omit<OwnerQuestion, 'contact'> & { readonly contact?: string }) | undefined
}

/** Each with what else is known of it. */
export async function withFacts(
  context: ReadContext,
  source: Source,
  all: readonly ListedDifference[],
): Promise<readonly ShownDifference[]> {
  const { tx } = context
  const mayReadPolicy = await permitter(context, 'policy:read')
  const findings = await findingsOf(tx, source, all)
  const ids = all.map(({ id }) => id)
  const asked = await tx.adoptions.asked(source.id, ids)
  const contacts = await contactsSeen(context)
  const shown = await shownTo(context)
  const visibleTo = (question: OwnerQuestion | undefined): ShownDifference['asked'] => {
    if (!question) return undefined
    const { contact, ...rest } = question
    return { ...rest, ...(contacts(question.account).includes(contact) ? { contact } : {}) }
  }
  return all.map((found) => {
    const { id, evaluated, account } = found
    const finding = findings.get(id)
    return {
      found,
      shown: shown(found),
      policy: evaluated && factsOf(evaluated, account !== undefined && mayReadPolicy(account)),
      findingId: finding && formatId('finding', tx.installation, finding.n),
      ignored: finding && isSetAside(finding, context.now) ? finding.suppression : undefined,
      asked: visibleTo(asked.get(id)),
    }
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
    ...(answer === 'elsewhere' ? { allowed: { pools: candidates.map((one) => one.pool) } } : {}),
  }
}
