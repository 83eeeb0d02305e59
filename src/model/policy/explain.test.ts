// Claims about decisions in words.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '../cidr.ts'
import { conclude, decide } from './decide.ts'
import type { AllocationRequest, AllocatorResult, Decision, Denial } from './decision.ts'
import { denialInWords } from './denial-words.ts'
import type { PolicyVersion } from './document.ts'
import {
  explainDecision,
  forms,
  messageOf,
  nameIds,
  renderDecision,
  shortCharactersMax,
  shortMessage,
} from './explain.ts'
import type { PolicySettings } from './settings.ts'
import type { GovernanceFacts } from './snapshot.ts'
import { admin, assign, documentOf, policy, pool, pools, prod, request, root, worldOf } from './testdata/world.ts'
import { type Contacts, withContact } from './told.ts'

const at = new Date('2026-01-02T03:04:05Z')

interface Story {
  readonly settings?: Partial<PolicySettings>
  readonly facts?: Partial<GovernanceFacts>
  readonly ask?: Partial<AllocationRequest>
  readonly result?: AllocatorResult
}

function decisionIn({ settings, facts, ask, result }: Story): Decision {
  const base = {
    policies: [policy('net', [documentOf(['p1', 'p2'], settings)], { version: 3 })],
    assignments: [assign('net', root)],
  }
  const asked = request(ask)
  return conclude(decide(worldOf({ ...base, ...facts }), asked, at), { id: 'decision-1', at, request: asked }, result)
}

test('a denial names policy, version, target, setting, value, what is allowed, and whom to ask', () => {
  assert.deepEqual(explainDecision(decisionIn({ ask: { explicit: { pool: 'p3' } } })), {
    sentence: `Policy \`net\` version 3, enabled on \`${root}\`, does not let you choose \`p3\`; allowed: \`p1\`, \`p2\`.`,
    lines: [
      `Policy: \`net\` version 3, enabled on \`${root}\`.`,
      'Document: eip in us-east-1.',
      'Decided by: setting `on-explicit`.',
      'Value: p3.',
      'Allowed: p1, p2.',
      `For an exception, ask account ${admin}, the owner of policy \`net\`, naming decision-1.`,
    ],
  })
})

const ipams = [
  {
    id: 'ipam-acme',
    account: admin,
    tier: 'advanced' as const,
    unmatched: 'deny' as const,
    operatingRegions: ['us-east-1', 'eu-central-1'],
  },
]
/** One for each cause of denial that the settings of today have. */
const stories: { readonly [C in Exclude<Denial['cause'], 'setting'>]: Story } = {
  tags: { settings: { requiredTags: [{ key: 'env', value: 'prod' }] }, ask: { tags: new Map([['env', 'dev']]) } },
  explicit: { ask: { explicit: { cidr: parseCidr('203.0.113.1/32') } } },
  'no-rule': {
    facts: {
      policies: [policy('net', [documentOf([], {}, { rules: [{ pool: 'p1', when: { accounts: [admin] } }] })])],
    },
  },
  'pool-rule': { facts: { pools: [pool('p1', '198.51.100.0/25', { requiredTags: [{ key: 'env' }] })] } },
  unmatched: { facts: { ipams }, ask: { locale: 'eu-west-1' } },
  exhausted: { result: 'exhausted' },
  'resource-type': { ask: { family: 6 } },
  size: {
    facts: {
      policies: [
        policy('net', [documentOf(['p1'], { size: { min: 20, default: 24, max: 28 } }, { resourceType: 'vpc' })]),
      ],
    },
    ask: { resourceType: 'vpc', netmaskLength: 16 },
  },
}

test('every cause of denial has a sentence, and its last line says what to do', () => {
  for (const [cause, story] of Object.entries(stories)) {
    const decision = decisionIn(story)
    assert.equal(decision.denial?.cause, cause)
    const { sentence, lines } = explainDecision(decision)
    assert.match(sentence, /^[A-Z].*\.$/)
    assert(sentence.includes(denialInWords(decision.denial).value.split(',')[0]!), sentence)
    assert.match(
      lines.at(-1)!,
      cause === 'resource-type' || cause === 'tags'
        ? /^(?:Change the request|Carry the tags); there is no exception to this\.$/
        : /^For an exception, ask account 111111111111, the owner of .*naming decision-1\.$/,
    )
    assert(![sentence, ...lines].some((line) => line.includes('undefined')), lines.join('\n'))
  }
})

test('a grant says from where and by which rule, and a steer says what was not followed', () => {
  const cidr = parseCidr('198.51.100.129/32')!
  const granted = explainDecision(decisionIn({ result: { pool: 'p2', cidr } }))
  assert.equal(
    granted.sentence,
    `A eip in us-east-1 got 198.51.100.129/32 from pool \`p2\`, by policy \`net\` version 3, enabled on \`${root}\`, rule 2.`.replace(
      'A eip',
      'An eip',
    ),
  )
  const steered = explainDecision(
    decisionIn({ settings: { onExplicit: 'steer' }, ask: { explicit: { pool: 'p3' } }, result: { pool: 'p2', cidr } }),
  )
  assert.match(steered.sentence, /your choice `p3` is not listed and was not followed\.$/)
  const outside = explainDecision(decisionIn({ ask: { locale: 'eu-west-1' }, result: { pool: 'provider', cidr } }))
  assert.match(outside.sentence, /from provider-assigned space, as no policy enforced here speaks of it\.$/)
})

test('a warning says what would have been denied, and an observation says nothing to the caller', () => {
  const soft = policy('soft', [documentOf(['p1'], { requiredTags: [{ key: 'env' }] })])
  const linesIn = (mode: 'warn' | 'observe') =>
    explainDecision(
      decisionIn({
        facts: { policies: [soft], assignments: [assign('soft', prod, { mode })] },
        result: { pool: 'provider', cidr: parseCidr('192.0.2.1/32')! },
      }),
    ).lines
  assert.deepEqual(linesIn('warn'), [
    `Warning: Policy \`soft\` version 1 on \`${prod}\` would deny this: it requires tags that the request does not carry (no env); allowed: env.`,
  ])
  assert.deepEqual(linesIn('observe'), [])
})

test('an explanation says in a line what an assignment that observes, and a candidate, would have answered', () => {
  const soft = policy('soft', [documentOf(['p1'], { requiredTags: [{ key: 'env' }] })])
  const cidr = parseCidr('192.0.2.1/32')!
  const observed = decisionIn({
    facts: { policies: [soft], assignments: [assign('soft', prod, { mode: 'observe' })] },
    result: { pool: 'provider', cidr },
  })
  assert.equal(
    messageOf(observed, 'standard').split('\n')[1],
    `Observed: Policy \`soft\` version 1 on \`${prod}\` would deny this: it requires tags that the request does not carry (no env); allowed: env.`,
  )
  assert.equal(messageOf(observed, 'short'), 'Allowed: 192.0.2.1/32 from provider; observed: deny')
  const version = policy('net', [documentOf(['p2', 'p1'])], { version: 4 })
  const tried = decisionIn({
    facts: { candidates: [{ n: 1, policyId: 'net', targetId: root, version }] },
    result: { pool: 'p1', cidr: parseCidr('198.51.100.1/32')! },
  })
  assert.ok(
    messageOf(tried, 'standard').endsWith(
      `\nCandidate: Policy \`net\` version 4 on \`${root}\` would take it from \`p2\`, \`p1\`.`,
    ),
  )
  assert.equal(messageOf(tried, 'short'), 'Allowed: 198.51.100.1/32 from p1; candidate: allow')
  // What is said first stays whole.
  const pools = Array.from({ length: 30 }, (_, i) => `pool-${i}`)
  const denial = { cause: 'explicit', setting: 'on-explicit', value: { is: 'p3' }, allowed: { pools } } as const
  const long = messageOf({ ...observed, outcome: 'deny', denial }, 'short')
  assert.ok(long.length === shortCharactersMax && long.endsWith('…'))
})

test('the rendered decision shows facts, names and the whole trace', () => {
  const decision = decisionIn({ facts: { pools }, result: { pool: 'p2', cidr: parseCidr('198.51.100.129/32')! } })
  const text = renderDecision(
    decision,
    new Map([
      ['net', 'Network law'],
      ['p2', 'Edge'],
    ]),
  )
  for (const part of [
    'decision-1',
    '2026-01-02T03:04:05.000Z',
    'net (Network law) version 3',
    'p2 (Edge)',
    '198.51.100.129/32',
    'no /32 is free',
  ]) {
    assert(text.includes(part), `${part} in\n${text}`)
  }
  assert.equal(text.match(/^ +\d+\. /gm)?.length, decision.trace.length)
})

/** Long names everywhere: as long as ids and values ever are, and longer. */
const longest = (decision: Decision): Decision => {
  const long = 'x'.repeat(300)
  return {
    ...decision,
    ...(decision.denial
      ? {
          denial: {
            ...decision.denial,
            value: { is: long },
            allowed: { oneOf: [long, long] },
            missingTags: decision.denial.missingTags && [long],
          },
        }
      : {}),
    ...(decision.pool ? { pool: long } : {}),
    request: { ...decision.request, locale: long, explicit: { pool: long } },
  }
}
const served = { pool: 'p2', cidr: parseCidr('198.51.100.129/32')! }
const onlyWarning = (soft: PolicyVersion): Partial<GovernanceFacts> => ({
  policies: [soft],
  assignments: [assign('soft', prod, { mode: 'warn' })],
})
const soft = policy('soft', [documentOf(['p1'], { requiredTags: [{ key: 'env' }] })])
const outcomes: { readonly [O in Decision['outcome']]: readonly Story[] } = {
  allow: [
    { result: served },
    { ask: { locale: 'eu-west-1' }, result: { ...served, pool: 'provider' } },
    // Enforced, it would come from another pool: nothing for whoever asked to change.
    { facts: onlyWarning(policy('soft', [documentOf(['p1'])])), result: served },
  ],
  steer: [{ settings: { onExplicit: 'steer' }, ask: { explicit: { pool: 'p3' } }, result: served }],
  warn: [
    { facts: onlyWarning(soft), result: served },
    {
      facts: {
        ...onlyWarning(policy('soft', [documentOf(['p1'], { onExplicit: 'steer' })])),
        pools: [...pools, pool('own', '192.0.2.0/26', { account: prod })],
      },
      ask: { explicit: { pool: 'own' } },
      result: { ...served, pool: 'own' },
    },
  ],
  deny: Object.values(stories),
}

test('every cause and outcome has a message in every form, and the short one has at most 120 characters', () => {
  const causes = new Set<string>()
  for (const [outcome, those] of Object.entries(outcomes)) {
    for (const story of those) {
      const decision = decisionIn(story)
      assert.equal(decision.outcome, outcome)
      if (decision.denial) causes.add(decision.denial.cause)
      const texts = forms.map((form) => messageOf(decision, form, { next: 'Do something else.' }))
      for (const text of texts) assert.doesNotMatch(text, /undefined|\[object|NaN/)
      const [short, standard, long] = texts as [string, string, string]
      assert.match(short, /^(Allowed|Steered|Warning|Denied): /)
      assert.ok(short.length < standard.length && standard.length < long.length)
      assert.ok(long.includes('Do something else.') && standard.includes('Do something else.'))
      assert.doesNotMatch(short, /\n/)
      for (const one of [decision, longest(decision)]) {
        assert.ok(shortMessage(one).length <= shortCharactersMax, shortMessage(one))
      }
    }
  }
  assert.deepEqual([...causes].sort(), Object.keys(stories).sort())
  assert.equal(
    shortMessage(decisionIn({ ask: { explicit: { pool: 'p3' } } })),
    'Denied: p3 is not listed for eip in us-east-1; allowed: p1, p2',
  )
})

test('the long form says what was expected and what there was', () => {
  const text = messageOf(decisionIn(stories.size), 'long')
  assert.match(text, /^expected +\/20 to \/28$/m)
  assert.match(text, /^actual +\/16$/m)
})

test('what nobody has asked for has no id to be named', () => {
  const { id: _, ...decision } = decisionIn(stories.explicit)
  assert.match(explainDecision(decision).lines.at(-1)!, /the owner of policy `net`\.$/)
  assert.match(messageOf(decision, 'long'), /^decision +none/m)
  const { id: __, ...granted } = decisionIn({ result: served })
  assert.match(
    explainDecision(granted).sentence,
    /^An eip in us-east-1 would come as 198\.51\.100\.129\/32 from pool `p2`/,
  )
})

test('names stand behind the ids of policies and pools', () => {
  const names = new Map([
    ['net', 'baseline'],
    ['p1', 'prod (eu)'],
    ['p10', 'other'],
  ])
  assert.equal(
    nameIds('`net` allows `p1`, p10; not net-work, my-net or p11.', names),
    '`net` (baseline) allows `p1` (prod (eu)), p10 (other); not net-work, my-net or p11.',
  )
  assert.equal(nameIds('`net`', new Map()), '`net`')
  const { sentence, lines } = explainDecision({ ...decisionIn({ ask: { explicit: { pool: 'p3' } } }), names })
  assert.match(sentence, /^Policy `net` \(baseline\) version 3, .* allowed: `p1` \(prod \(eu\)\), `p2`\.$/)
  assert.ok(lines.some((line) => line.startsWith('Policy: `net` (baseline) version 3')))
})

test('whom to ask is who is named nearest: by the policy or pool that denied, or else by its owner', () => {
  const nodes = new Map([[admin, { id: admin, kind: 'account' as const, contact: 'the owner' }]])
  const asked = (story: Story, contacts: Contacts = {}) => {
    const { lines } = explainDecision(withContact({ nodes }, decisionIn(story), contacts))
    return lines.filter((line) => line.includes('ask '))
  }
  const explicit = { ask: { explicit: { pool: 'p3' } } }
  const exception = (whom: string, what: string) =>
    `For an exception, ask account ${admin} (${whom}), the owner of ${what}, naming decision-1.`
  assert.deepEqual(asked(explicit), [exception('the owner', 'policy `net`')])
  const both = { policy: 'the policy', pool: 'the pool' }
  assert.deepEqual(asked(explicit, both), [exception('the policy', 'policy `net`')])
  const full = { result: 'exhausted' as const }
  assert.deepEqual(asked(full, both), [
    'For space in pool `p1`, ask the pool.',
    exception('the policy', 'policy `net`'),
  ])
  assert.deepEqual(asked(full), [exception('the owner', 'policy `net`')])
})
