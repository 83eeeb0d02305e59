// Internet gateways and egress-only ones over the EC2 API.
import type {
  EgressOnlyInternetGateway as EgressOnlyShown,
  InternetGateway as GatewayShown,
} from '#formats/aws/ec2.generated.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import {
  attachGateway,
  createInternetGateway as create,
  createEgressOnlyGateway,
  deleteEgressOnlyGateway,
  detachGateway,
  deleteInternetGateway as remove,
} from './gateways.ts'
import { describePage } from './objects.ec2.ts'
import type { ObjectState } from './objects.ts'

export const createInternetGateway = ec2Write('CreateInternetGateway', async (context, input) => ({
  InternetGateway: show(await create(context, tagsToCreate(input.TagSpecifications, 'internet-gateway'))),
}))

export const attachInternetGateway = ec2Write('AttachInternetGateway', async (context, input) => {
  await attachGateway(context, input.InternetGatewayId, input.VpcId)
  return { Return: true }
})

export const detachInternetGateway = ec2Write('DetachInternetGateway', async (context, input) => {
  await detachGateway(context, input.InternetGatewayId, input.VpcId)
  return { Return: true }
})

export const deleteInternetGateway = ec2Write('DeleteInternetGateway', async (context, input) => {
  await remove(context, input.InternetGatewayId)
  return { Return: true }
})

export const describeInternetGateways = ec2Read('DescribeInternetGateways', async (context, input) => {
  const { items, NextToken } = await describePage(context, input, 'internetGateway', {
    ids: ['InternetGatewayIds', input.InternetGatewayIds],
    idFilter: 'internet-gateway-id',
    vpcFilter: 'attachment.vpc-id',
    fields: {
      'attachment.state': ({ Attachments: all }: GatewayShown) => all?.map(({ State }) => State!),
      'attachment.vpc-id': ({ Attachments: all }: GatewayShown) => all?.map(({ VpcId }) => VpcId!),
      'internet-gateway-id': ({ InternetGatewayId }: GatewayShown) => InternetGatewayId,
      'owner-id': ({ OwnerId }: GatewayShown) => OwnerId,
    },
    show: (states) => states.map(show),
  })
  return { InternetGateways: items, NextToken }
})

export const createEgressOnlyInternetGateway = ec2Write('CreateEgressOnlyInternetGateway', async (context, input) => {
  const tags = tagsToCreate(input.TagSpecifications, 'egress-only-internet-gateway')
  const made = await createEgressOnlyGateway(context, input.VpcId, tags)
  return { ClientToken: input.ClientToken, EgressOnlyInternetGateway: showEgressOnly(made) }
})

export const deleteEgressOnlyInternetGateway = ec2Write('DeleteEgressOnlyInternetGateway', async (context, input) => {
  await deleteEgressOnlyGateway(context, input.EgressOnlyInternetGatewayId)
  return { ReturnCode: true }
})

export const describeEgressOnlyInternetGateways = ec2Read(
  'DescribeEgressOnlyInternetGateways',
  async (context, input) => {
    const { items, NextToken } = await describePage(context, input, 'egressOnlyInternetGateway', {
      ids: ['EgressOnlyInternetGatewayIds', input.EgressOnlyInternetGatewayIds],
      fields: {},
      show: (states) => states.map(showEgressOnly),
    })
    return { EgressOnlyInternetGateways: items, NextToken }
  },
)

// The answer ---------------------------------------------------------------------------------------------------------

/** EC2 calls an attachment of a gateway available, where it says attached of an egress-only one. */
const show = ({ object, tags }: ObjectState): GatewayShown => ({
  InternetGatewayId: object.id,
  OwnerId: object.account,
  Attachments: object.vpcId === undefined ? [] : [{ State: 'available', VpcId: object.vpcId }],
  Tags: showTags(tags),
})
const showEgressOnly = ({ object, tags }: ObjectState): EgressOnlyShown => ({
  EgressOnlyInternetGatewayId: object.id,
  Attachments: [{ State: 'attached', VpcId: object.vpcId }],
  Tags: showTags(tags),
})
