// The default VPC and default subnets over the EC2 API.

import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import { ec2Write } from '../operation.aws.ts'
import { createDefaultSubnet as createSubnet, createDefaultVpc as createVpc } from './default-networks.ts'
import { zoneIn, zoneMembers } from './regions.ec2.ts'
import { showSubnet } from './subnets.ec2.ts'
import { showVpc } from './vpcs.ec2.ts'
import { findZone } from './zones.ts'

export const createDefaultVpc = ec2Write('CreateDefaultVpc', async (context) => ({
  Vpc: { ...showVpc(await createVpc(context)), State: 'pending' },
}))

export const createDefaultSubnet = ec2Write(
  'CreateDefaultSubnet',
  async (context, input) => {
    if (input.Ipv6Native)
      refuse({
        code: 'NotSupported',
        what: wordedFeature('`Ipv6Native`'),
        because: worded('a default subnet has IPv4'),
      })
    const zone = findZone(context, zoneIn(input)) ?? refuse({ code: 'MissingParameter', field: 'AvailabilityZone' })
    return { Subnet: showSubnet(await createSubnet(context, zone)) }
  },
  zoneMembers,
)
