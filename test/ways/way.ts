// The list of ways around a policy (policy-model §6, and what the native API adds), and the company on which each is tried.
import assert from 'node:assert/strict'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, lab, openAcme, root, shop } from '../acme.ts'
import { type Native, withNativeApi } from '../native-world.ts'

/** What each API's table must say something about: a way that it closes, or why it has none. */
export const ways = [
  'public space provisioned a second time',
  'public space provisioned by who may not',
  'a planning pool that outlives its network',
  'explicit pool',
  'explicit address or allocation id',
  'address of another owner’s pool',
  'another Region or locale',
  'another account',
  'a pool that is shared but not listed',
  'a policy of the account’s own',
  'a policy of the account’s own, where nothing is given outside policy',
  're-allocating a released address',
  'association of a foreign address',
  'NAT gateway with manual addresses',
  'tags changed after allocation',
  'tag spoofing',
  'idempotency token reused',
  'a request racing a policy change',
  'moving the account to another OU',
  'administrators’ direct writes',
  'clock changes',
  'a hold confirmed after the policy changed',
  'a batch with one denied member',
  'a token with narrower scopes',
  'roles granting oneself more',
  'If-Match races',
  'an exhausted pool',
  'addresses older than the policy',
  'an address or CIDR transferred or moved in',
  'another spelling of an address',
  'duplicate or encoded parameters',
  'a token repeated after the policy changed',
  'splitting',
  'growing by association',
  'parallel requests beyond what is left',
  'side-effect operations',
  'moving or tagging oneself into another rule',
  'an account closed and made anew',
  'adopting what one has told of',
  'the rule of a source',
  'a change past change control',
  'approving one’s own change',
  'a change edited after its approval',
  'fewer approvers by the change itself',
] as const
export type Way = (typeof ways)[number]
export type Api = 'ec2' | 'native'

/** How the way is tried over an API, and found closed. */
export type Attempt = (guarded: Guarded) => Promise<void>
/** The API has no such way, as long as it has no operation with such a name. */
export interface Absent {
  readonly because: string
  readonly unless: RegExp
}
export type Attempts = Readonly<Record<Way, Attempt | Absent>>

export interface Guarded extends Acme, Native {
  /** The only pool that the policy on the root lists for Elastic IPs: 203.0.100.0/28. */
  readonly listed: string
  readonly law: string
  /** Tokens: of whoever may take and give back space for shop, and for lab. */
  readonly shopOperator: string
  readonly labOperator: string
}

/**
 * A company whose every account gets its Elastic IPs from one pool, and in which lab may bring public space of its own.
 * Afterwards the books must add up.
 */
export async function withGuarded(work: Attempt): Promise<void> {
  const acme = await withNativeApi(await openAcme({ settings: { publicSpaceAccounts: [lab] } }))
  try {
    const [listed, law] = [await acme.pool(), await acme.policy()]
    await acme.rules(law, [listed])
    await acme.enable(law)
    const shopOperator = await acme.tokenOf('user:shop-operator', 'resource-operator', shop)
    const labOperator = await acme.tokenOf('user:lab-operator', 'resource-operator', lab)
    await work({ ...acme, listed, law, shopOperator, labOperator })
    assert.deepEqual((await checkSpace(acme.store)).problems, [])
  } finally {
    await acme.close()
  }
}

export const sharedWithAll = { 'cadastre:shared-with': root } as const
export const restSeconds = 300
export const hourMs = 3_600_000
/** Texts that somebody could read as 203.0.101.3, which no policy lists, and that are not its spelling. */
export const otherSpellings = [
  '203.0.101.003',
  '203.000.101.3',
  '0313.0.0145.3',
  '0xcb.0.0x65.3',
  '3405800707',
  '203.25859',
  '203.0.101.3 ',
  ' 203.0.101.3',
  '203.0.101.3/32',
  '203.0.101.3.',
  '::ffff:203.0.101.3',
  '::ffff:cb00:6503',
  '[::ffff:203.0.101.3]',
  '203.0.101.3%eth0',
  '２０３.0.101.3',
] as const
