// The CIDRs of pools over the EC2 API: requests, answers and filters.
import type { IpamPoolCidr, ProvisionIpamPoolCidrRequest } from '#formats/aws/ec2.generated.ts'
import { formatCidr, nearCidrProblem, parseCidr } from '#model/cidr.ts'
import { failureInWords } from '#model/cidr-failure.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { type Members, refuse, refuseValue } from '#model/refusal.ts'
import type { PoolCidr } from '#store/tables/pools.ts'
import { filterBy, readTokenPage } from '../listing.aws.ts'
import { readFrom } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import { getOwnPool, getReadablePool } from './access.ts'
import { deprovisionPoolCidr, listPoolCidrs, type PlacedCidr, provisionPoolCidr } from './pool-cidrs.ts'

const members: Members = {
  cidr: 'Cidr',
  enablePrivateGua: 'EnablePrivateGua',
  netmaskLength: 'NetmaskLength',
  publicIpSource: 'PublicIpSource',
}

export const provisionIpamPoolCidr = ec2Write(
  'ProvisionIpamPoolCidr',
  async (context, input) => {
    const { Cidr: text, NetmaskLength: netmaskLength } = input
    const cidr = text === undefined ? undefined : (parseCidr(text) ?? refuseMalformed(text))
    refuseBadProof(input)
    const action = 'ec2:ProvisionIpamPoolCidr'
    const poolAt = await getOwnPool(context, input.IpamPoolId, action)
    const hasProof = input.CidrAuthorizationContext !== undefined
    const { id } = await provisionPoolCidr(context, poolAt, { cidr, netmaskLength, hasProof }, action)
    return {
      IpamPoolCidr: {
        // As in EC2, a CIDR that is asked for by its length is known when it is provisioned, and whether it failed is told later.
        Cidr: cidr && formatCidr(cidr),
        NetmaskLength: netmaskLength,
        State: 'pending-provision',
        IpamPoolCidrId: id,
      },
    }
  },
  members,
)

export const deprovisionIpamPoolCidr = ec2Write(
  'DeprovisionIpamPoolCidr',
  async (context, input) => {
    if (input.Cidr === undefined) refuse({ code: 'MissingParameter', field: 'Cidr' })
    const cidr = parseCidr(input.Cidr) ?? refuseMalformed(input.Cidr)
    const { pool } = await getOwnPool(context, input.IpamPoolId, 'ec2:DeprovisionIpamPoolCidr')
    // As in EC2, whether it failed is told later.
    const { was } = await deprovisionPoolCidr(context, pool, cidr)
    return { IpamPoolCidr: { ...describe(was), FailureReason: undefined, State: 'pending-deprovision' } }
  },
  members,
)

export const getIpamPoolCidrs = ec2Read('GetIpamPoolCidrs', async (context, input) => {
  const matching = filterBy(context, input.Filters, cidrFilters)
  const { pool } = await getReadablePool(context, input.IpamPoolId)
  const caller = context.caller.account
  const { items, NextToken } = await readTokenPage<PlacedCidr, IpamPoolCidr>(context, input, {
    // No pool has more of them than one statement may read.
    read: readFrom(await listPoolCidrs(context, pool), (cidr, place) => cidr.place > place),
    placeOf: ({ place }) => place,
    show: (cidrs) => matching(cidrs.map(({ row }) => describe(pool.account === caller ? row : withNeutralReason(row)))),
  })
  return { IpamPoolCidrs: items, NextToken }
})

// The request --------------------------------------------------------------------------------------------------------

const refuseMalformed = (text: string): never =>
  refuseValue('Cidr', text, nearCidrProblem(text) ?? worded('it is not a CIDR such as `10.0.0.0/16`'))

function refuseBadProof(input: ProvisionIpamPoolCidrRequest): void {
  const { CidrAuthorizationContext: proof, IpamExternalResourceVerificationTokenId: token, VerificationMethod } = input
  if (token !== undefined && proof !== undefined) {
    const problem = 'Only one of `CidrAuthorizationContext` and `IpamExternalResourceVerificationTokenId` can be given.'
    refuse({ code: 'InvalidParameterCombination', problem: worded(problem) })
  }
  if (token !== undefined || VerificationMethod === 'dns-token') {
    refuse({ code: 'NotSupported', what: wordedFeature('Verification by `dns-token`') })
  }
  if (proof && proof.Message === undefined) {
    refuse({ code: 'MissingParameter', field: 'CidrAuthorizationContext.Message' })
  }
  if (proof && proof.Signature === undefined) {
    refuse({ code: 'MissingParameter', field: 'CidrAuthorizationContext.Signature' })
  }
}

// The answer ---------------------------------------------------------------------------------------------------------

/** Why a CIDR could not be had tells of other pools and what is in them: those that the pool is shared with may not see them (I8). */
const withNeutralReason = (row: PoolCidr): PoolCidr =>
  row.failure === undefined
    ? row
    : { ...row, failure: { words: `The owner of the pool can see why the CIDR is ${row.state}.` } }

const describe = ({ id, cidr, state, failureCode, failure }: PoolCidr): IpamPoolCidr => ({
  Cidr: formatCidr(cidr),
  State: state,
  FailureReason:
    failureCode === undefined
      ? undefined
      : {
          Code: failureCode === 'limit-exceeded' ? failureCode : 'cidr-not-available',
          Message: failure && failureInWords(failure),
        },
  IpamPoolCidrId: id,
  NetmaskLength: cidr.length,
})

/** EC2 documents no filters of CIDRs: as elsewhere, the members of the answer in kebab case. */
const cidrFilters = {
  cidr: ({ Cidr }: IpamPoolCidr) => Cidr,
  state: ({ State }: IpamPoolCidr) => State,
  'ipam-pool-cidr-id': ({ IpamPoolCidrId }: IpamPoolCidr) => IpamPoolCidrId,
  'netmask-length': ({ NetmaskLength }: IpamPoolCidr) => String(NetmaskLength),
  'failure-reason-code': ({ FailureReason }: IpamPoolCidr) => FailureReason?.Code,
}
