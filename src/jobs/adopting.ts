// What sources adopt by rules of their own, once a complete snapshot holds.
import { adoptByRule, beginRuleTurn, lookByRule, type RuleStep, sourceWithRule } from '#operations/estate/own-rule.ts'
import { principalOfRule } from '#operations/estate/rule-setter.ts'
import type { Job } from './job.ts'

export const adoptByRules: Job = {
  name: 'adopt-by-rules',
  everySeconds: 10,
  turnsMax: 5,
  goesOn: true,
  isDue: ({ store }) => store.read(async (tx) => (await sourceWithRule(tx)) !== undefined),
  async turn({ store, act }) {
    const source = await store.write(beginRuleTurn)
    if (!source) return
    const as = principalOfRule(source)
    const step = (await act(lookByRule, { sourceId: source.id }, as)) as RuleStep | undefined
    if (step) await act(adoptByRule, step, as)
  },
}
