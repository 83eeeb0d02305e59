// Resource discoveries over the native API: which accounts and Regions an IPAM looks at. They are changed over the EC2 API.
import { z } from 'zod'
import type { Discovery } from '#store/tables/discoveries.ts'
import type { WithTags } from '../readable.ts'
import { nativeReadings } from '../readings.native.ts'
import { accountId, accountName, formatInstant, idText, instant, nameShapes } from '../shapes.native.ts'
import { description, shownTags, tagMap } from '../space/shapes.native.ts'
import { listDiscoveries, readableDiscoveries } from './readable.ts'

const region = z.string().max(64)
const discovery = z.object({
  resourceDiscoveryId: idText('resourceDiscovery').describe('`ipam-res-disco-…`.'),
  account: accountId,
  region: region.describe('Its home Region.'),
  isDefault: z.boolean().describe('Whether it came with the IPAM of its account there.'),
  description: description.optional(),
  operatingRegions: z.array(region).describe('Where it looks.'),
  exclusions: z
    .array(
      z
        .object({ unitId: z.string(), withUnitsBelow: z.boolean() })
        .meta({ id: 'ExcludedUnit', description: 'A unit whose accounts are not looked at.' }),
    )
    .describe('Units whose accounts it does not look at.'),
  tags: shownTags,
  createdAt: instant,
})
nameShapes({ Discovery: discovery })

const readings = nativeReadings({
  kind: 'resourceDiscovery',
  filter: { account: accountName.optional().describe('Only those of this account.') },
  output: discovery,
  columns: ['resourceDiscoveryId', 'account', 'region', 'isDefault', 'description'],
  readable: readableDiscoveries,
  list: (context, { account }, asked) => listDiscoveries(context, { account }, asked),
  show,
})

export const discoveryOperations = [readings.list, readings.get] as const

function show({ row, tags }: WithTags<Discovery>): z.output<typeof discovery> {
  return {
    resourceDiscoveryId: row.id,
    account: row.account,
    region: row.region,
    isDefault: row.isDefault,
    description: row.description,
    operatingRegions: [...row.operatingRegions],
    exclusions: row.exclusions.map(({ unit, isDeep }) => ({ unitId: unit, withUnitsBelow: isDeep })),
    tags: tagMap(tags),
    createdAt: formatInstant(row.createdAt),
  }
}
