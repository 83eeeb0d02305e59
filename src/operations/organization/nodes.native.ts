// The shapes that operations on nodes of the organization share over the native API.
import { z } from 'zod'
import { isRootId, isUnitId } from '#model/organization.ts'

export const parentId = z
  .string()
  .refine((text) => isUnitId(text) || isRootId(text), '`ou-…` or `r-…` is expected')
  .describe('What it hangs under: an organizational unit or the root.')
export const name = z.string().max(128)
export const tagsNeedRight =
  'Tags that a rule of an assigned policy or candidate reads need `policy:manage` where it is assigned.'
