// What every server is asked after the steps of a drive: whatever it keeps must answer as a server that has just begun.
import { isDeepStrictEqual } from 'node:util'
import { checkSpace } from '#store/upkeep/check.ts'
import { lab, prod, shop } from '../acme.ts'
import { accounts, type Ledger, livingTenures } from './ledger.ts'
import type { Answer, Request, Server } from './server.ts'

const pageSize = 1_000
/** Of what there may be many, only the last are asked for one by one. */
const lastOnes = 4

export interface Question {
  readonly title: string
  /** Whether it writes, and takes that back. */
  readonly isTry?: true
  ask(server: Server): Promise<unknown>
}

const short = (input: object): string => JSON.stringify(input)
/** What a dry run draws is drawn anew by each server, and is nobody's. */
const drawn = new Set(['AllocationId', 'allocationId', 'decisionId', 'decision', 'resourceId', 'index'])
const drawnId = /\b(?:decision|eipalloc|ipam-pool-alloc)-[0-9a-f]{17,}\b/g
function withoutDrawn(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(drawnId, '…')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutDrawn)
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !drawn.has(name))
      .map(([name, member]) => [name, withoutDrawn(member)]),
  )
}
const shown = (answer: Answer): unknown =>
  answer.kind === 'done' ? answer.output : answer.kind === 'refused' ? { refused: answer.facts } : answer

const reading = (request: Request): Question => ({
  title: `${request.name} ${short(request.input)} as ${request.as.length > 12 ? 'a token' : request.as}`,
  ask: async (server) => shown(await server.ask(request)),
})
const trying = (request: Request): Question => ({
  isTry: true,
  title: `${request.name} ${short(request.input)} as a dry run`,
  ask: async (server) => withoutDrawn(shown(await server.ask({ ...request, isDryRun: true }))),
})

/** Dry runs that are denied are on record: what is tried on the way adds to these lists, and to nothing else. */
const withoutDryRuns = ({ ask, ...question }: Question): Question => ({
  ...question,
  async ask(server) {
    const { items } = (await ask(server)) as { items: readonly { isDryRun?: true }[] }
    return items.filter(({ isDryRun }) => !isDryRun)
  },
})

/** Answered from what is committed: rules, holders, the record. */
export function readings(ledger: Ledger): Question[] {
  const { admin, others } = ledger.tokens
  const read = (name: string, input: object = {}): Question => reading({ api: 'native', as: admin, name, input })
  const list = (name: string, input: object = {}): Question => read(name, { ...input, limit: pageSize })
  const probes = [
    { resourceType: 'eip', locale: 'us-east-1' },
    { resourceType: 'eip', locale: 'eu-central-1' },
    { resourceType: 'onprem:host', locale: 'onprem:berlin', scopeType: 'private' },
    { resourceType: 'eip', locale: 'us-east-1', poolId: ledger.pools.find(({ isPublic }) => isPublic)?.id },
  ]
  return [
    ...[shop, lab, ...ledger.accounts.slice(4).slice(-1)].flatMap((account) =>
      probes.map((probe) => read('explainRequest', { account, ...probe })),
    ),
    ...[prod, shop, lab].map((node) => read('getEffectivePolicy', { node, locale: 'us-east-1', resourceType: 'eip' })),
    ...accounts.flatMap((account) => [
      reading({ api: 'ec2', as: account, name: 'DescribeAddresses', input: {} }),
      reading({ api: 'ec2', as: account, name: 'GetEnabledIpamPolicy', input: {} }),
    ]),
    ...ledger.keys
      .slice(-lastOnes)
      .map((key) => reading({ api: 'ec2', as: key, name: 'DescribeIpamPools', input: {} })),
    ...others.slice(-lastOnes).map(({ token }) => reading({ api: 'native', as: token, name: 'whoAmI', input: {} })),
    ...others
      .slice(-1)
      .map(({ token }) => reading({ api: 'native', as: token, name: 'listPools', input: { limit: pageSize } })),
    ...ledger.pools.map(({ id: poolId }) => read('getPoolUtilization', { poolId })),
    ...ledger.policies.flatMap((policyId) => [
      list('listPolicyVersions', { policyId }),
      list('listPolicyDocuments', { policyId }),
    ]),
    ...ledger.denials.slice(-lastOnes).map(({ decision }) => read('explainDecision', { decisionId: decision })),
    ...livingTenures(ledger)
      .flatMap(({ decision }) => decision ?? [])
      .slice(-lastOnes)
      .map((decisionId) => read('explainDecision', { decisionId })),
    list('findHolders', { cidr: '0.0.0.0/0' }),
    list('listAllocations'),
    list('listPolicies'),
    list('listPolicyAssignments'),
    list('listExceptions'),
    list('listPools'),
    list('listTree'),
    list('listAccounts'),
    list('listRoleBindings'),
    list('listTokens'),
    withoutDryRuns(list('listDecisions')),
    withoutDryRuns(list('listChanges')),
    { title: 'check', ask: (server) => checkSpace(server.store) },
  ]
}

/** Answered by doing it and taking it back: what would be given, and from where. */
export function tries(ledger: Ledger): Question[] {
  const { admin } = ledger.tokens
  const host = { resourceType: 'onprem:host', locale: 'onprem:berlin' }
  const requests = [
    { account: shop, resourceType: 'eip', locale: 'us-east-1' },
    { account: lab, resourceType: 'eip', locale: 'eu-central-1' },
    { account: shop, ...host, scopeType: 'private' },
    ...ledger.pools
      .filter(({ isPublic, locale }) => !isPublic && locale === host.locale)
      .map(({ id: poolId }) => ({ account: lab, ...host, poolId })),
  ]
  const [listed, other] = ledger.pools.filter(({ isPublic }) => isPublic)
  const asAdmin = (name: string, input: object): Question => trying({ api: 'native', as: admin, name, input })
  return [
    ...accounts.map((account) => trying({ api: 'ec2', as: account, name: 'AllocateAddress', input: {} })),
    ...requests.map((params) => asAdmin('createAllocation', params)),
    ...livingTenures(ledger)
      .filter(({ isHold }) => isHold)
      .slice(-2)
      .map(({ id }) => asAdmin('confirmAllocation', { allocationId: id })),
    ...livingTenures(ledger)
      .filter(({ id }) => id.startsWith('eipalloc'))
      .slice(-2)
      .map(({ id, account }) =>
        trying({ api: 'ec2', as: account, name: 'ReleaseAddress', input: { AllocationId: id } }),
      ),
    // Last, so that what it compiles is what the server would go on with, were it kept.
    ...ledger.policies.slice(0, 1).map((policyId) =>
      asAdmin('putPolicyDocument', {
        policyId,
        locale: 'us-east-1',
        resourceType: 'eip',
        rules: [other ?? listed].flatMap((pool) => (pool ? [{ poolId: pool.id }] : [])),
      }),
    ),
  ]
}

/** What answers otherwise, in words; undefined where all servers answer as the one that was just started. */
export async function compare(
  questions: readonly Question[],
  servers: readonly Server[],
  openFresh: () => Promise<Server>,
): Promise<string | undefined> {
  const answers: unknown[][] = []
  // One server after the other, and the fresh one last: what one does on the way could mend what the next one keeps.
  for (const server of servers) answers.push(await askAll(questions, server))
  const fresh = await openFresh()
  try {
    const expected = await askAll(questions, fresh)
    for (const [index, server] of servers.entries()) {
      const at = questions.findIndex((_, each) => !isDeepStrictEqual(answers[index]![each], expected[each]))
      if (at < 0) continue
      return [
        `${server.name} answers otherwise than a server that has just started`,
        `  asked:  ${questions[at]!.title}`,
        ...firstDifference(answers[index]![at], expected[at]),
      ].join('\n')
    }
    return undefined
  } finally {
    await fresh.store.close()
  }
}
/** As many at once as a server on PostgreSQL has connections to read with: each keeps something of its own. */
const atOnce = 4
async function askAll(questions: readonly Question[], server: Server): Promise<unknown[]> {
  const answers: unknown[] = []
  for (let at = 0; at < questions.length; ) {
    const next = questions.slice(at, at + atOnce)
    const changing = next.findIndex(({ isTry }) => isTry)
    // What is tried is tried alone: in one batch, one would be undone because of another.
    const group = changing < 0 ? next : next.slice(0, Math.max(changing, 1))
    answers.push(...(await Promise.all(group.map((question) => question.ask(server)))))
    at += group.length
  }
  return answers
}

const textMax = 1_200
const clip = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= textMax ? text : `${text.slice(0, textMax)}…`
}
/** The innermost members that differ, and where they are. */
export function firstDifference(actual: unknown, expected: unknown, path = ''): string[] {
  const areObjects = [actual, expected].every((value) => typeof value === 'object' && value !== null)
  if (areObjects && Array.isArray(actual) === Array.isArray(expected)) {
    const [one, other] = [actual, expected] as [Record<string, unknown>, Record<string, unknown>]
    const names = [...new Set([...Object.keys(one), ...Object.keys(other)])]
    const differing = names.filter((name) => !isDeepStrictEqual(one[name], other[name]))
    if (differing.length === 1)
      return firstDifference(one[differing[0]!], other[differing[0]!], `${path}.${differing[0]}`)
  }
  return [`  at:     ${path || '.'}`, `  answer: ${clip(actual)}`, `  fresh:  ${clip(expected)}`]
}
