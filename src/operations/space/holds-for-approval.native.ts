// Space that a request for an exception keeps, over the native API.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { poolId } from '../ipam/pools.native.ts'
import { formatInstant, instant, nameShapes, poolName } from '../shapes.native.ts'
import { allocationId } from './allocation-answers.native.ts'
import { expiresInSeconds } from './allocations.native.ts'
import { type PendingHold, type PendingHoldParams, pendingStates } from './holds-for-approval.ts'
import { cidrOrAddress, description, netmaskLength, readBlock, resourceId, tags } from './shapes.native.ts'

export const pendingHoldParams = z
  .strictObject({
    poolId: poolName.optional().describe('One of the pools in `grants`; needed where they name several.'),
    cidr: cidrOrAddress.optional().describe('Exactly this address or CIDR.'),
    netmaskLength: netmaskLength.optional().describe('A CIDR of this length.'),
    expiresInSeconds,
    resourceId: resourceId.optional(),
    description: description.optional(),
    tags: tags.optional(),
  })
  .describe(
    'Space to keep meanwhile, for a target that is one account: nobody else gets it. It is free at once where the exception is denied or revoked.',
  )
  .meta({ id: 'PendingHoldParams', examples: [{ netmaskLength: 28, expiresInSeconds: 86_400 }] })
export const pendingHold = z.object({
  allocationId: allocationId.describe('To confirm with, once the exception is in force.'),
  state: z
    .enum(pendingStates)
    .describe('What has become of it. `dropped`: it was given up, or the exception was denied or revoked.'),
  cidr: z.string(),
  poolId: poolId.optional().describe('Absent where the pool is gone.'),
  expiresAt: instant.optional().describe('When it lapses, while it is held.'),
})
nameShapes({ PendingHold: pendingHold })

export const readPendingHold = ({ cidr, tags, ...rest }: z.output<typeof pendingHoldParams>): PendingHoldParams => ({
  ...rest,
  ...(cidr === undefined ? {} : { cidr: readBlock(cidr)! }),
  ...(tags ? { tags: new Map(Object.entries(tags)) } : {}),
})

export const showPending = ({ cidr, expiresAt, ...rest }: PendingHold): z.output<typeof pendingHold> => ({
  ...rest,
  cidr: formatCidr(cidr),
  ...(expiresAt === undefined ? {} : { expiresAt: formatInstant(expiresAt) }),
})
