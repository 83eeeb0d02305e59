// What networks of the installation's own are called: VPCs, subnets and NAT gateways, which the EC2 API makes and names by their tag.
import type { Noun } from '#model/refusal.ts'
import { isSetting } from '#model/tags.ts'
import type { WriteContext } from '../operation.ts'
import { labelled, refuseBadName } from '../organization/tagging.ts'
import { replaceTagsOf, rowOf, type TaggableKind, type TaggableKinds } from '../organization/tags.ts'
import { taggableOptions } from './dhcp-options.ts'
import { recordNatGateway } from './nat-gateways.ts'
import { ownerOfObject, recordObject } from './objects.ts'
import { ownerOfRule, recordGroupOfRule } from './security-groups.ts'
import { recordSubnet } from './subnets.ts'
import { recordVpc } from './vpcs.ts'

/** Records of networks go by no names here: their tags, as all of them, are in their versions in the history. */
const taggableObject: TaggableKind = { find: ownerOfObject, settle: recordObject, isRecorded: true }
/** A rule's tags are in the versions of its group. */
const taggableRule: TaggableKind = { find: ownerOfRule, settle: recordGroupOfRule, isRecorded: true }
export const taggableObjects = {
  internetGateway: taggableObject,
  egressOnlyInternetGateway: taggableObject,
  routeTable: taggableObject,
  securityGroup: taggableObject,
  securityGroupRule: taggableRule,
  networkAcl: taggableObject,
  dhcpOptions: taggableOptions,
  subnetCidrReservation: taggableObject,
} satisfies TaggableKinds

/** Their tags, as what they are called, are in their versions in the history. */
export const taggableNetworks = {
  natGateway: { find: rowOf('natGateway'), settle: recordNatGateway },
  vpc: { find: rowOf('vpc'), settle: recordVpc },
  subnet: { find: rowOf('subnet'), settle: recordSubnet },
} satisfies TaggableKinds

interface Network {
  readonly id: string
  readonly tagType: string
  readonly noun: Noun
  readonly account: string
  readonly region: string
  /** The VPC that it is in. */
  readonly partOf: string | null
}

/** Calls a network otherwise; `null`: nothing. A VPC is told apart among those of its account, all else within its VPC. */
export async function nameNetwork(
  context: WriteContext,
  { id, tagType: type, noun, account, region, partOf }: Network,
  name: string | null,
): Promise<void> {
  await refuseBadName(context, { id, type, noun, account, parent: partOf ?? account }, name)
  const next = labelled(await context.tx.tags.of(id), { name })
  const owner = context.actingFor(account, region)
  const tags = next.filter(({ key }) => !isSetting(key))
  await replaceTagsOf(owner, id, tags, taggableNetworks)
}
