// Networks of the installation's own, which the EC2 API makes: their space comes and goes with them. Resources of the same types that
// live elsewhere have their space by itself, over the native API. Their ids tell the two apart.
import { type IdKind, parseId } from '#model/identifier.ts'
import { refuse } from '#model/refusal.ts'

const kinds: Readonly<Record<string, { readonly id: IdKind; readonly operations: string }>> = {
  vpc: { id: 'vpc', operations: 'CreateVpc and AssociateVpcCidrBlock' },
  subnet: { id: 'subnet', operations: 'CreateSubnet and AssociateSubnetCidrBlock' },
  rnat: { id: 'natGateway', operations: 'CreateNatGateway' },
}

interface Resource {
  readonly resourceType: string
  readonly resourceId?: string | undefined
}

/** Whether it is a network that the EC2 API made here, and not one that lives elsewhere. */
export function isOwnNetwork(installation: string, { resourceType, resourceId }: Resource): boolean {
  const kind = Object.hasOwn(kinds, resourceType) ? kinds[resourceType] : undefined
  return kind !== undefined && resourceId !== undefined && parseId(kind.id, installation, resourceId) !== undefined
}

/** Refuses to take space by itself for a network that the EC2 API made here, whether or not there is one of this id. */
export function refuseOwnNetwork(installation: string, resource: Resource): void {
  if (!isOwnNetwork(installation, resource)) return
  const { resourceType, resourceId } = resource
  const because = `\`${resourceId}\` is an id of this installation, whose networks have their space from ${kinds[resourceType]!.operations} of the EC2 API`
  refuse({ code: 'NotSupported', what: `An allocation for it by itself`, because })
}
