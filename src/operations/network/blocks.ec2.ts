// The blocks of VPCs and subnets as requests of the EC2 API ask for them.
import { nearCidrProblem, parseLooseCidr } from '#model/cidr.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuse, refuseValue } from '#model/refusal.ts'
import type { ReadContext } from '../operation.ts'
import { type BlockParams, type BlockSpec, type Network, readBlock } from './blocks.ts'

/** What AmazonProvidedIpv6CidrBlock gives. */
const amazonIpv6Length = 56

/** Where policy names a setting of the type, EC2's clients get it by that name. */
export const blockMembers: Members = {
  'ipv4.cidr': 'CidrBlock',
  'ipv4.poolId': 'Ipv4IpamPoolId',
  'ipv4.netmaskLength': 'Ipv4NetmaskLength',
  'ipv6.cidr': 'Ipv6CidrBlock',
  'ipv6.poolId': 'Ipv6IpamPoolId',
  'ipv6.netmaskLength': 'Ipv6NetmaskLength',
  family: 'address-family',
  scopeType: 'scope',
  resourceType: 'resource-type',
}
const fieldsOf = {
  4: { cidr: 'CidrBlock', pool: 'Ipv4IpamPoolId', length: 'Ipv4NetmaskLength' },
  6: { cidr: 'Ipv6CidrBlock', pool: 'Ipv6IpamPoolId', length: 'Ipv6NetmaskLength' },
} as const

/** The parameters about blocks that VPCs and subnets have in common. */
export interface BlockInput {
  readonly CidrBlock?: string
  readonly Ipv4IpamPoolId?: string
  readonly Ipv4NetmaskLength?: number
  readonly Ipv6CidrBlock?: string
  readonly Ipv6IpamPoolId?: string
  readonly Ipv6NetmaskLength?: number
  readonly AmazonProvidedIpv6CidrBlock?: boolean
}

/** Whether the request says anything about a block of the family. */
export const asksFor = (input: BlockInput, family: 4 | 6): boolean =>
  family === 4
    ? input.CidrBlock !== undefined || input.Ipv4IpamPoolId !== undefined || input.Ipv4NetmaskLength !== undefined
    : input.Ipv6CidrBlock !== undefined ||
      input.Ipv6IpamPoolId !== undefined ||
      input.Ipv6NetmaskLength !== undefined ||
      input.AmazonProvidedIpv6CidrBlock === true

/** What a request asks of one family. */
export const blockIn = (
  context: ReadContext,
  network: Network,
  family: 4 | 6,
  input: BlockInput,
): Promise<BlockParams> => readBlock(context, network, specIn(family, input))

function specIn(family: 4 | 6, input: BlockInput): BlockSpec {
  const fields = fieldsOf[family]
  const text = input[fields.cidr]
  const poolId = input[fields.pool]
  const netmaskLength = input[fields.length]
  if (family === 6 && input.AmazonProvidedIpv6CidrBlock) {
    if (text === undefined && poolId === undefined && netmaskLength === undefined) {
      return { family, netmaskLength: amazonIpv6Length, isOfProvider: true }
    }
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded(
        '`AmazonProvidedIpv6CidrBlock` cannot be used together with a block, pool or netmask length of your own.',
      ),
    })
  }
  if (text === undefined) return { family, poolId, netmaskLength }
  if (netmaskLength !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded(`Only one of \`${fields.cidr}\` and \`${fields.length}\` can be given.`),
    })
  }
  const cidr = parseLooseCidr(text)
  // EC2 documents that it clears the host bits of IPv4 blocks, and of no others.
  const near = cidr?.family === 4 ? undefined : nearCidrProblem(text)
  if (cidr?.family !== family || near) {
    const example = family === 4 ? '10.0.0.0/16' : '2001:db8:1234:1a00::/56'
    const said = problemInWords(near) ?? `An IPv${family} block such as \`${example}\` is expected`
    refuseValue(fields.cidr, text, worded(`This is not a valid CIDR block. ${said}`))
  }
  return { family, cidr, cidrText: text, poolId }
}
