// What the collector of AWS must be permitted, as a policy of IAM that is ready to be given.
import type { Ec2Calls } from './aws-sdk.ts'
import { serviceCalls } from './aws-signed.ts'

/** Everything that is asked of EC2; the compiler finds what is missing. */
const ec2Actions: Readonly<Record<keyof Ec2Calls, true>> = {
  DescribeAddresses: true,
  DescribeByoipCidrs: true,
  DescribeClientVpnEndpoints: true,
  DescribeCoipPools: true,
  DescribeCustomerGateways: true,
  DescribeIpamPools: true,
  DescribeIpv6Pools: true,
  DescribeManagedPrefixLists: true,
  DescribeNatGateways: true,
  DescribeNetworkInterfaces: true,
  DescribePublicIpv4Pools: true,
  DescribeRegions: true,
  DescribeSubnets: true,
  DescribeTransitGateways: true,
  DescribeVpcPeeringConnections: true,
  DescribeVpcs: true,
  GetIpamPoolAllocations: true,
  GetIpamPoolCidrs: true,
  GetManagedPrefixListEntries: true,
  GetSubnetCidrReservations: true,
}

export function policyText(): string {
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'ReadAddresses',
        Effect: 'Allow',
        Action: [...Object.keys(ec2Actions).map((action) => `ec2:${action}`), ...Object.keys(serviceCalls)],
        // These know no single resources.
        Resource: '*',
      },
      { Sid: 'ListAccounts', Effect: 'Allow', Action: 'organizations:ListAccounts', Resource: '*' },
      {
        Sid: 'EnterAccounts',
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Resource: 'arn:aws:iam::*:role/cadastre-collect',
      },
    ],
  }
  return `${JSON.stringify(policy, null, 2)}\n`
}
