// What a denial is about in words: made where it is shown, from the facts that are on record.

import type { Denial, ToldDecision, WordedDenial } from './decision.ts'
import { type DenialAllowed, type DenialValue, spelled } from './denial.ts'
import { formatRequiredTag } from './values.ts'

export const denialInWords = (denial: Denial): WordedDenial => ({
  ...denial,
  value: valueInWords(denial.value),
  allowed: allowedInWords(denial.allowed),
})

/** What a newer server has put on record, and is not known here, stands there as the facts that it is. */
export function valueInWords(value: DenialValue): string {
  const one = spelled(value)
  if (one !== undefined) return one
  if ('words' in value) return value.words
  if ('length' in value) return value.length === 'none' ? 'none' : 'CIDR of any size'
  if ('scopes' in value) return value.scopes.join(' or ')
  if ('carried' in value) {
    return value.carried.map((tag) => (tag.value === undefined ? `no ${tag.key}` : formatRequiredTag(tag))).join(', ')
  }
  if ('resourceType' in value) {
    const { resourceType, locale, account } = value
    return `${resourceType} in ${locale}${account === undefined ? '' : ` for ${account}`}`
  }
  if ('wanted' in value) {
    return value.wanted.map((one) => `${'cidr' in one ? one.cidr : `/${one.length}`} in ${one.pool}`).join(', ')
  }
  return JSON.stringify(value)
}

export function allowedInWords(allowed: DenialAllowed): readonly string[] {
  if ('nothing' in allowed) return []
  if ('pools' in allowed) return allowed.pools
  if ('oneOf' in allowed) return allowed.oneOf
  if ('words' in allowed) return allowed.words
  if ('families' in allowed) return allowed.families.map((family) => `ipv${family}`)
  if ('lengths' in allowed) return [`/${allowed.lengths.min} to /${allowed.lengths.max}`]
  if ('tags' in allowed) return allowed.tags.map(formatRequiredTag)
  if ('no' in allowed) return [allowed.no === 'locale' ? 'None' : 'none']
  if ('holds' in allowed) return allowed.holds === 'subnets' ? ['subnets', 'hosts'] : ['hosts']
  return [JSON.stringify(allowed)]
}

/** The same decision with these words in the place of the facts: what is cut where it is long is the words. */
export const withWordsOfDenials = ({ denial, warning, ...told }: ToldDecision): ToldDecision => ({
  ...told,
  ...(denial && { denial: asWords(denial) }),
  ...(warning && { warning: { ...warning, ...(warning.denial && { denial: asWords(warning.denial) }) } }),
})
function asWords(denial: Denial): Denial {
  const { value, allowed, ...rest } = denialInWords(denial)
  return { ...rest, value: { words: value }, allowed: { words: allowed } }
}
