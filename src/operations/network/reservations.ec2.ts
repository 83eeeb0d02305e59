// CIDR reservations of subnets over the EC2 API.
import type { SubnetCidrReservation as ReservationShown } from '#formats/aws/ec2.generated.ts'
import { nearCidrProblem, parseCidr } from '#model/cidr.ts'
import { worded } from '#model/problems/worded.ts'
import { refuseValue } from '#model/refusal.ts'
import { filterBy, readTokenPage } from '../listing.aws.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { describeObjects, type ListedObject, type ObjectState } from './objects.ts'
import { createReservation, deleteReservation, reservationsOf } from './reservations.ts'

export const createSubnetCidrReservation = ec2Write(
  'CreateSubnetCidrReservation',
  async (context, input) => {
    const { SubnetId: subnetId, ReservationType: reservationType, Description: description } = input
    const cidr = parseCidr(input.Cidr)
    if (!cidr) refuseValue('Cidr', input.Cidr, nearCidrProblem(input.Cidr) ?? worded('This is not a valid CIDR block.'))
    const tags = tagsToCreate(input.TagSpecifications, 'subnet-cidr-reservation')
    const made = await createReservation(context, { subnetId, cidr, reservationType, description, tags })
    return { SubnetCidrReservation: show(made) }
  },
  { cidr: 'Cidr' },
)

export const deleteSubnetCidrReservation = ec2Write('DeleteSubnetCidrReservation', async (context, input) => ({
  DeletedSubnetCidrReservation: show(await deleteReservation(context, input.SubnetCidrReservationId)),
}))

export const getSubnetCidrReservations = ec2Read('GetSubnetCidrReservations', async (context, input) => {
  const matching = filterBy(context, input.Filters, filterFields, ({ Tags }) => Tags ?? [])
  const { items, NextToken } = await readTokenPage<ListedObject, ReservationShown>(context, input, {
    read: await reservationsOf(context, input.SubnetId),
    placeOf: ({ id }) => id,
    show: async (objects) => matching((await describeObjects(context, objects)).map(show)),
  })
  const isIpv6 = ({ Cidr }: ReservationShown): boolean => Cidr!.includes(':')
  return {
    SubnetIpv4CidrReservations: items.filter((one) => !isIpv6(one)),
    SubnetIpv6CidrReservations: items.filter(isIpv6),
    NextToken,
  }
})

const show = ({ object, tags }: ObjectState): ReservationShown => ({
  SubnetCidrReservationId: object.id,
  SubnetId: object.subnetId,
  Cidr: object.body.cidr,
  ReservationType: object.body.reservationType,
  OwnerId: object.account,
  Description: object.body.description,
  Tags: showTags(tags),
})

const filterFields = {
  reservationType: ({ ReservationType }: ReservationShown) => ReservationType,
  'subnet-id': ({ SubnetId }: ReservationShown) => SubnetId,
}
