// What the drive of the record begins with: an organization, four pools without rest, and who administers them.
import { network, root } from '../acme.ts'
import type { Server } from '../living/server.ts'
import { foundCompany, must } from '../living/site.ts'
import type { Known } from './steps.ts'

export type Site = Omit<Known, 'book'>

export async function buildSite(server: Server): Promise<Site> {
  const token = await foundCompany(server)
  const { Ipam } = await must<{
    Ipam: { IpamId: string; PublicDefaultScopeId: string; PrivateDefaultScopeId: string }
  }>(server, {
    api: 'ec2',
    as: network,
    name: 'CreateIpam',
    input: { Tier: 'advanced', OperatingRegions: [{ RegionName: 'us-east-1' }] },
  })
  const pool = async (cidr: string, locale: string, quarantineSeconds: number): Promise<string> => {
    const isPublic = cidr.startsWith('203.')
    const input = {
      scopeId: isPublic ? Ipam.PublicDefaultScopeId : Ipam.PrivateDefaultScopeId,
      family: 'ipv4',
      locale,
      quarantineSeconds,
      sharedWith: [root],
      ...(isPublic ? { awsService: 'ec2', publicIpSource: 'byoip' } : {}),
    }
    const { poolId } = await must<{ poolId: string }>(server, { api: 'native', as: token, name: 'createPool', input })
    await must(server, { api: 'native', as: token, name: 'provisionPoolCidr', input: { poolId, cidr } })
    return poolId
  }
  return {
    token,
    pools: {
      hosts: [await pool('10.0.0.0/29', 'onprem:berlin', 0), await pool('10.0.1.0/28', 'onprem:berlin', 3)],
      networks: await pool('10.1.0.0/24', 'onprem:berlin', 0),
      addresses: await pool('203.0.113.0/28', 'us-east-1', 0),
      reserved: await pool('10.2.0.0/24', 'us-east-1', 0),
    },
  }
}
