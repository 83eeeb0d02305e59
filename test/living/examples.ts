// Short sequences that once left a server answering by what never was, or is no more: each by itself, always the same.
import assert from 'node:assert/strict'
import { lab, shop } from '../acme.ts'
import { fragment } from './fragment.ts'
import type { Installation } from './installation.ts'
import type { Ledger } from './ledger.ts'
import type { Answer, Request } from './server.ts'
import { type Planned, plans } from './works.ts'

export interface Example {
  readonly title: string
  run(installation: Installation): Promise<void>
}
/** Of servers whose database is exchanged for one without the last commits. */
export interface LossExample {
  readonly title: string
  before?(installation: Installation): Promise<void>
  /** Acknowledged, and not in the database that comes. */
  lost(installation: Installation): Promise<void>
  /** `known`: what clients know of what was lost. */
  after(installation: Installation, known: Ledger): Promise<void>
}

const asAdmin = ({ ledger }: Installation, name: string, input: object): Planned => ({
  request: { api: 'native', as: ledger.tokens.admin, name, input },
})
const dry = (plan: Planned): Planned => ({ ...plan, request: { ...plan.request, isDryRun: true } })
/** Where there is one server alone, it does what others would do. */
const send = (installation: Installation, server: number, ...planned: readonly Planned[]) =>
  installation.send([{ server: server % installation.servers.length, planned }])
const allocateFor = (installation: Installation, account: string): Planned =>
  plans.allocateAddress!(installation.ledger, [account === shop ? 0 : 1, 0, 0, 0], 0)!

/** The policy in force lists this one of the public pools alone. */
const list = (installation: Installation, pool: number): Planned => {
  const [policyId] = installation.ledger.policies
  const rules = [{ poolId: installation.ledger.pools[pool]!.id }]
  const input = { policyId, locale: 'us-east-1', resourceType: 'eip', rules }
  return { ...asAdmin(installation, 'putPolicyDocument', input), versionOf: policyId }
}
const eip = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
/** Where no policy lists a pool: from the provider's space, whose pool is made by whoever asks first. */
const elsewhere = { ...eip, locale: 'eu-central-1' }
/** Refused by its second one, after the first one has taken its address. */
const refusedAfterAChange = (installation: Installation): Planned =>
  asAdmin(installation, 'createAllocations', { allocations: [eip, { ...eip, cidr: '9.9.9.9' }] })

export const examples: readonly Example[] = [
  {
    title: 'a dry run of a change of policy comes into force for nobody',
    async run(installation) {
      await send(installation, 0, dry(list(installation, 1)))
      await send(installation, 0, allocateFor(installation, shop))
    },
  },
  {
    title: 'a dry run comes into force for nobody, though a command beside the server moves the rules as often',
    async run(installation) {
      await send(installation, 0, dry(list(installation, 1)))
      await installation.command('operator-token', 0)
      await send(installation, 0, allocateFor(installation, shop))
    },
  },
  {
    title: 'a batch that is rolled back and run again one by one decides each request by the policy of its turn',
    async run(installation) {
      await send(
        installation,
        0,
        allocateFor(installation, shop),
        list(installation, 1),
        allocateFor(installation, shop),
        refusedAfterAChange(installation),
      )
    },
  },
  {
    title: 'a refused request on a fresh database leaves nothing that the next one stumbles over',
    async run(installation) {
      await send(
        installation,
        0,
        asAdmin(installation, 'createAllocations', { allocations: [elsewhere, { ...elsewhere, cidr: '9.9.9.9' }] }),
      )
      await send(installation, 0, asAdmin(installation, 'createAllocation', elsewhere))
    },
  },
  {
    title: 'a dry run over a fragmented pool leaves nothing behind that outlives the pool',
    async run(installation) {
      const { ledger } = installation
      const pool = ledger.pools.findIndex(({ isPublic }) => !isPublic)
      await fragment(installation, 0, 0)
      await send(installation, 0, dry(plans.takeMany!(ledger, [0, 0, 0, 0], 0)!))
      await send(installation, 0, plans.deletePool!(ledger, [pool, 1, 0, 0], 0)!)
      await send(installation, 0, asAdmin(installation, 'updateAccount', { account: lab, tags: { stage: 'test' } }))
    },
  },
  {
    title: 'two denials that went the same way are each explained with their own reasons',
    async run(installation) {
      const hold = asAdmin(installation, 'createAllocation', { ...eip, hold: { expiresInSeconds: 600 } })
      const ids: string[] = []
      for (const pool of [0, 1]) {
        await send(installation, 0, list(installation, pool))
        const [[answer]] = (await send(installation, 0, hold)) as [[Answer]]
        assert(answer.kind === 'done')
        ids.push((answer.output as { allocationId: string }).allocationId)
      }
      await send(installation, 0, list(installation, 2))
      for (const allocationId of ids)
        await send(installation, 0, asAdmin(installation, 'confirmAllocation', { allocationId }))
    },
  },
]

export const lossExamples: readonly LossExample[] = [
  {
    title: 'an idle server gives nobody what it remembers as somebody else’s number',
    async lost(installation) {
      await send(installation, 2, allocateFor(installation, shop))
    },
    async after(installation) {
      await send(installation, 0, allocateFor(installation, lab))
      await send(installation, 2, allocateFor(installation, shop))
    },
  },
  {
    title: 'no server goes on with the lost policy, though other changes came to the same epoch',
    async before(installation) {
      await send(installation, 2, allocateFor(installation, shop))
    },
    async lost(installation) {
      await send(installation, 0, list(installation, 1))
      // It compiles the policy that will be lost, and writes nothing.
      await send(installation, 2, asAdmin(installation, 'explainRequest', eip))
    },
    async after(installation) {
      // By a server that has drawn no epoch itself.
      await send(installation, 1, asAdmin(installation, 'updateAccount', { account: lab, tags: { stage: 'test' } }))
      await send(installation, 2, allocateFor(installation, shop))
    },
  },
  {
    title: 'nobody is signed in by what the database no longer has',
    async lost(installation) {
      await installation.command('operator-token', 0)
      await installation.command('key-create', 0)
      const { keys, tokens } = installation.ledger
      const asked: readonly Request[] = [
        { api: 'ec2', as: keys[0]!, name: 'DescribeAddresses', input: {} },
        { api: 'native', as: tokens.others[0]!.token, name: 'whoAmI', input: {} },
      ]
      await send(installation, 2, ...asked.map((request) => ({ request })))
    },
    async after({ ledger }, { keys, tokens }) {
      ledger.keys.push(keys[0]!)
      ledger.tokens.others.push(tokens.others[0]!)
    },
  },
]
