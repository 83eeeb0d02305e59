// The shapes that operations on nodes of the organization share over the native API.
import { z } from 'zod'
import { innerNodeName } from '../shapes.native.ts'

/** What something hangs under, in an answer. */
export const parentId = z.string().describe('What it hangs under: an organizational unit or the root.')
/** What something is to hang under. */
export const parentName = innerNodeName
export const name = z.string().max(128)
export const tagsNeedRight =
  'Tags that a rule of an assigned policy or candidate reads need `policy:manage` where it is assigned.'
