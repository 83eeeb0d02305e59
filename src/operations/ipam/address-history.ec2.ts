// Who had a block, over the EC2 API.
import type { IpamAddressHistoryRecord } from '#formats/aws/ec2.generated.ts'
import { formatCidr, nearCidrProblem, parseCidr } from '#model/cidr.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuseValue } from '#model/refusal.ts'
import { pageIn } from '../listing.aws.ts'
import { ec2Read } from '../operation.aws.ts'
import { type HeldBlock, listHeldBlocks } from './address-history.ts'
import { getScopeAt } from './own.ts'

/** Amazon's default. */
const pageSizeDefault = 100
const members: Members = { tier: 'Tier' }

export const getIpamAddressHistory = ec2Read(
  'GetIpamAddressHistory',
  async (context, input) => {
    const { Cidr: text, VpcId: vpcId, EndTime = context.now, StartTime = EndTime } = input
    const cidr = parseCidr(text)
    if (!cidr) refuseValue('Cidr', text, nearCidrProblem(text) ?? worded('it is no CIDR'))
    const place = await getScopeAt(context, input.IpamScopeId)
    const asked = { cidr, vpcId, from: StartTime, until: EndTime }
    const { items, next } = await listHeldBlocks(context, place, asked, pageIn(input, pageSizeDefault))
    return { HistoryRecords: items.map(show), NextToken: next }
  },
  members,
)

const show = ({ kind, state, ...one }: HeldBlock): IpamAddressHistoryRecord => ({
  ResourceOwnerId: one.account,
  ResourceRegion: one.region,
  ResourceType: kind === 'vpc' || kind === 'subnet' ? kind : 'eip',
  ResourceId: one.resourceId,
  ResourceCidr: formatCidr(one.cidr),
  ResourceName: one.name,
  ResourceComplianceStatus: state?.compliance,
  ResourceOverlapStatus: state?.overlap,
  VpcId: one.vpcId,
  SampledStartTime: one.from,
  SampledEndTime: one.until,
})
