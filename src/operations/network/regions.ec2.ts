// The Regions and availability zones that exist here, by the server's settings.
import type { AvailabilityZone, Region } from '#formats/aws/ec2.generated.ts'
import { type Members, refuse } from '#model/refusal.ts'
import { filterBy, nothing } from '../listing.aws.ts'
import { ec2Read } from '../operation.aws.ts'
import { findDefaultVpc } from './vpcs.ts'
import { refuseZone, type Zone, zonesOf } from './zones.ts'

export const describeRegions = ec2Read('DescribeRegions', async (context, input) => {
  const matching = filterBy(context, input.Filters, regionFilters)
  const { regions } = context.settings
  for (const name of input.RegionNames ?? []) {
    if (!regions.some((region) => region.name === name)) refuse({ code: 'NotFound', what: 'region', id: name })
  }
  const named = regions.filter(({ name }) => !input.RegionNames?.length || input.RegionNames.includes(name))
  return { Regions: (await matching(named.map(({ name }) => describeRegion(name)))).filter((one) => one !== undefined) }
})

export const describeAvailabilityZones = ec2Read('DescribeAvailabilityZones', async (context, input) => {
  const matching = filterBy(context, input.Filters, zoneFilters)
  const zones = zonesOf(context)
  const named = [
    ...(input.ZoneNames ?? []).map((name) => zones.find((zone) => zone.name === name) ?? refuseZone(name)),
    ...(input.ZoneIds ?? []).map((id) => zones.find((zone) => zone.id === id) ?? refuseZone(id)),
  ]
  const shown = named.length === 0 ? zones : zones.filter((zone) => named.includes(zone))
  const found = await matching(shown.map((zone) => describeZone(context.region, zone)))
  return { AvailabilityZones: found.filter((one) => one !== undefined) }
})

export const describeAccountAttributes = ec2Read('DescribeAccountAttributes', async (context, input) => {
  const wanted = (name: string): boolean =>
    !input.AttributeNames?.length || input.AttributeNames.some((params) => params === name)
  const vpc = wanted('default-vpc') ? await findDefaultVpc(context) : undefined
  const all = [
    { AttributeName: 'supported-platforms', AttributeValues: [{ AttributeValue: 'VPC' }] },
    { AttributeName: 'default-vpc', AttributeValues: [{ AttributeValue: vpc?.id ?? 'none' }] },
  ]
  return { AccountAttributes: all.filter(({ AttributeName }) => wanted(AttributeName)) }
})

/** The zone of a request, and what it calls the members that name one. */
export const zoneIn = ({ AvailabilityZone: zone, AvailabilityZoneId: zoneId }: ZoneInput) => ({ zone, zoneId })
export interface ZoneInput {
  readonly AvailabilityZone?: string
  readonly AvailabilityZoneId?: string
}
export const zoneMembers = { zone: 'AvailabilityZone', zoneId: 'AvailabilityZoneId' } as const satisfies Members

const describeRegion = (name: string): Region => ({
  RegionName: name,
  Endpoint: `ec2.${name}.amazonaws.com`,
  OptInStatus: 'opt-in-not-required',
})

const describeZone = (region: string, { name, id }: Zone): AvailabilityZone => ({
  State: 'available',
  OptInStatus: 'opt-in-not-required',
  Messages: [],
  RegionName: region,
  ZoneName: name,
  ZoneId: id,
  GroupName: region,
  NetworkBorderGroup: region,
  ZoneType: 'availability-zone',
})

const regionFilters = {
  endpoint: ({ Endpoint }: Region) => Endpoint,
  'opt-in-status': ({ OptInStatus }: Region) => OptInStatus,
  'region-name': ({ RegionName }: Region) => RegionName,
}
const zoneFilters = {
  'group-long-name': nothing,
  'group-name': ({ GroupName }: AvailabilityZone) => GroupName,
  message: ({ Messages }: AvailabilityZone) => Messages?.map(({ Message }) => Message ?? ''),
  'network-border-group': ({ NetworkBorderGroup }: AvailabilityZone) => NetworkBorderGroup,
  'opt-in-status': ({ OptInStatus }: AvailabilityZone) => OptInStatus,
  'parent-zone-id': nothing,
  'parent-zone-name': nothing,
  'region-name': ({ RegionName }: AvailabilityZone) => RegionName,
  state: ({ State }: AvailabilityZone) => State,
  'zone-id': ({ ZoneId }: AvailabilityZone) => ZoneId,
  'zone-name': ({ ZoneName }: AvailabilityZone) => ZoneName,
  'zone-type': ({ ZoneType }: AvailabilityZone) => ZoneType,
}
