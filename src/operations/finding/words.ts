// What a rule of policy says of space that does not comply with it, as the end of a sentence: made where it is shown.
import { provider } from '#model/policy/decision.ts'

interface Cause {
  readonly cause: string
  readonly pool: string
  readonly setting?: string
  readonly value?: string
  readonly allowed?: readonly string[]
  readonly policyId?: string
  readonly target?: string
}

const lists = (pool: string): string => (pool === provider ? 'no pool that it lists gave it' : `it lists no ${pool}`)
const causes: Readonly<Record<string, (facts: Cause) => string>> = {
  explicit: ({ pool }) => lists(pool),
  steered: ({ pool }) => lists(pool),
  'no-rule': () => 'no rule of it is for this account',
  tags: ({ allowed = [] }) => `it asks for the tags ${allowed.join(', ')}`,
  size: ({ value, allowed = [] }) => `${value} is not within ${allowed.join(', ')}`,
  'pool-rule': ({ pool, setting, value }) => `${pool} takes no ${setting} ${value}`,
  unmatched: () => 'no document speaks of it, and nothing may be outside policy',
}

export function policyCause(facts: Cause): string {
  const { cause, policyId, target } = facts
  const said = causes[cause]?.(facts) ?? [facts.setting, facts.value].filter(Boolean).join(' ')
  const by = policyId === undefined ? '' : ` (${policyId}${target === undefined ? '' : ` on ${target}`})`
  return `${said}${by}`
}
