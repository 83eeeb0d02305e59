// What the drive of change requests begins with: a company with pools and two policies, and people who may change and approve things.
import { createOperatorToken } from '#operations/identity/operator-tokens.ts'
import { tokenSecondsMax } from '#operations/identity/tokens.ts'
import { dev, lab, network, prod, root, shop } from '../acme.ts'
import type { Server } from '../living/server.ts'
import { foundCompany, must } from '../living/site.ts'
import { managementAccount } from '../world.ts'

/** All may do everything at the root: who has written at a request cannot approve it, and who has lost the role does not count. */
export const people = ['ann', 'bob', 'cat', 'dan'] as const
export type Person = (typeof people)[number]
export const everyRight = 'organization-administrator'

export interface Site {
  readonly admin: string
  readonly tokens: Readonly<Record<Person, string>>
  readonly ipam: string
  readonly law: string
  readonly other: string
  readonly pools: readonly string[]
}

export async function buildSite(server: Server): Promise<Site> {
  const admin = await foundCompany(server)
  const ask = <Output>(name: string, input: object, as = admin) =>
    must<Output>(server, { api: 'native', as, name, input })
  const tokenOf = async (person: Person): Promise<string> => {
    const binding = { principal: `user:${person}`, role: everyRight, node: root, account: managementAccount } as const
    const made = await createOperatorToken(server.store, binding)
    if (!('token' in made)) throw new Error(made.problem)
    return (await ask<{ token: string }>('createToken', { expiresInSeconds: tokenSecondsMax }, made.token)).token
  }
  const { ipamId, publicScopeId } = await ask<{ ipamId: string; publicScopeId: string }>('createIpam', {
    account: network,
    region: 'us-east-1',
    operatingRegions: ['us-east-1', 'eu-central-1'],
  })
  const pools: string[] = []
  for (const third of [1, 2, 3]) {
    const { poolId } = await ask<{ poolId: string }>('createPool', {
      ...{ scopeId: publicScopeId, family: 'ipv4', locale: 'us-east-1', name: `pool ${third}` },
      ...{ awsService: 'ec2', publicIpSource: 'byoip' },
    })
    await ask('provisionPoolCidr', { poolId, cidr: `203.0.${third}.0/28` })
    pools.push(poolId)
  }
  const [law, other] = [
    (await ask<{ policyId: string }>('createPolicy', { ipamId, name: 'law' })).policyId,
    (await ask<{ policyId: string }>('createPolicy', { ipamId, name: 'other' })).policyId,
  ]
  const pair = { locale: 'us-east-1', resourceType: 'eip' }
  for (const policyId of [law, other]) {
    await ask('putPolicyDocument', { policyId, ...pair, rules: pools.map((poolId) => ({ poolId })) })
  }
  await ask('putPolicyAssignment', { policyId: law, targetId: root })
  for (const [name, parentId] of [
    ['first', prod],
    ['second', dev],
  ]) {
    await ask('createUnit', { name, parentId })
  }
  // What is founded beside the operations has no history.
  for (const account of [shop, lab]) await ask('updateAccount', { account, contact: 'team@example.com' })
  const tokens = {
    ann: await tokenOf('ann'),
    bob: await tokenOf('bob'),
    cat: await tokenOf('cat'),
    dan: await tokenOf('dan'),
  }
  return { admin, tokens, ipam: ipamId, law, other, pools }
}
