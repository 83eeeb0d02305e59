// What the drive begins with: an organization, an IPAM with pools, one policy in force, and who administers.
import assert from 'node:assert/strict'
import { createOperatorToken } from '#operations/identity/operator-tokens.ts'
import { tokenSecondsMax } from '#operations/identity/tokens.ts'
import { foundOrganization, lab, network, root, shop, stranger } from '../acme.ts'
import { managementAccount } from '../world.ts'
import type { Ledger } from './ledger.ts'
import type { Request, Server } from './server.ts'

/** Asks what must be answered, and answers the output. */
export async function must<Output>(server: Server, request: Request): Promise<Output> {
  const answer = await server.ask(request)
  assert(answer.kind === 'done', `${request.name}: ${JSON.stringify(answer)}`)
  return answer.output as Output
}

/** The company of `acme.ts` alone, and the token of an administrator of all of it. */
export async function foundCompany(server: Server): Promise<string> {
  await server.store.write(async (tx) => {
    await tx.organizations.insertAccount({
      id: managementAccount,
      name: 'management',
      email: 'management@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: tx.now,
    })
  })
  await foundOrganization(server)
  return tokenOf(server, 'user:admin')
}

/** Nothing is allocated yet, so that whoever comes first draws the numbers of holders and rulings. */
export async function found(server: Server): Promise<Ledger> {
  const admin = await foundCompany(server)
  const boss = await tokenOf(server, 'user:boss')
  const asAdmin = <Output>(name: string, input: object) =>
    must<Output>(server, { api: 'native', as: admin, name, input })
  const OperatingRegions = [{ RegionName: 'us-east-1' }, { RegionName: 'eu-central-1' }]
  const { Ipam } = await must<{
    Ipam: { IpamId: string; PublicDefaultScopeId: string; PrivateDefaultScopeId: string }
  }>(server, { api: 'ec2', as: network, name: 'CreateIpam', input: { Tier: 'advanced', OperatingRegions } })
  const scopes = { public: Ipam.PublicDefaultScopeId, private: Ipam.PrivateDefaultScopeId }
  const pools: Ledger['pools'] = []
  const pool = async (isPublic: boolean, locale: string, cidr: string): Promise<string> => {
    const ours = isPublic ? { awsService: 'ec2', publicIpSource: 'byoip' } : { sharedWith: [root] }
    const scopeId = scopes[isPublic ? 'public' : 'private']
    const params = { scopeId, family: 'ipv4', locale, ...ours }
    const { poolId } = await asAdmin<{ poolId: string }>('createPool', params)
    await asAdmin('provisionPoolCidr', { poolId, cidr })
    pools.push({ id: poolId, isPublic, locale })
    return poolId
  }
  const listed = await pool(true, 'us-east-1', '203.0.113.0/28')
  await pool(true, 'us-east-1', '203.0.113.16/28')
  await pool(true, 'us-east-1', '203.0.113.32/28')
  await pool(true, 'eu-central-1', '203.0.113.48/28')
  await pool(false, 'onprem:berlin', '10.0.0.0/22')
  await pool(false, 'onprem:berlin', '10.1.0.0/22')
  const policies = [
    (await asAdmin<{ policyId: string }>('createPolicy', { ipamId: Ipam.IpamId })).policyId,
    (await asAdmin<{ policyId: string }>('createPolicy', { ipamId: Ipam.IpamId })).policyId,
  ]
  const [law] = policies
  const rules = [{ poolId: listed }]
  await asAdmin('putPolicyDocument', { policyId: law, locale: 'us-east-1', resourceType: 'eip', rules })
  await asAdmin('putPolicyAssignment', { policyId: law, targetId: root })
  return {
    tokens: { admin, boss, others: [] },
    accounts: [network, shop, lab, stranger],
    units: [],
    pools,
    policies,
    scopes,
    ipam: Ipam.IpamId,
    exceptions: [],
    bindings: [],
    keys: [],
    vpcs: [],
    tenures: [],
    denials: [],
    repeats: [],
  }
}

async function tokenOf(server: Server, principal: string): Promise<string> {
  const role = 'organization-administrator'
  const made = await createOperatorToken(server.store, { principal, role, node: '*', account: managementAccount })
  assert('token' in made, 'problem' in made ? made.problem : '')
  // The operator's lasts for an hour, and the drive moves the clock.
  const input = { expiresInSeconds: tokenSecondsMax }
  const { token } = await must<{ token: string }>(server, { api: 'native', as: made.token, name: 'createToken', input })
  return token
}
