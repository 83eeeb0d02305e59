// Evidence packs over the native API: one signed text of all of a period and a part of the organization.
import { z } from 'zod'
import { nativeDownload } from '../download.native.ts'
import { instant, nodeId, parseInstant } from '../shapes.native.ts'
import { openPack } from './pack-downloads.ts'
import { everythingPlace } from './state.ts'

export const packContentType = 'application/x-ndjson'

export const readEvidencePack = nativeDownload({
  name: 'readEvidencePack',
  summary: 'Make an evidence pack of a period and a part of the organization, signed, for `cadastre audit verify`.',
  description:
    'Lines of JSON, written as they are read: the record with its proofs, policies and exceptions in force at the end, change requests with their approvals, compliance by day, and a signature of it all. It has what is in the newest checkpoint, which is of this minute. For whoever may read all of the record and every finding: what is proven of a change is all of it. One that was cut has no signature.',
  action: 'history:read',
  input: z.strictObject({
    from: instant.describe('The beginning of the period.'),
    until: instant.optional().describe('The end of the period, which is not in it; now by default.'),
    node: nodeId.optional().describe('The root, a unit or an account, with all below it; everything by default.'),
  }),
  rest: { path: '/evidence/pack', contentTypes: [packContentType] },
  refusals: ['NotFound', 'Throttled'],
  at: async () => everythingPlace,
  async open(steps, { from, until, node }) {
    const asked = { from: parseInstant(from), until: until === undefined ? undefined : parseInstant(until), node }
    return { contentType: packContentType, fresh: 0, body: await openPack(steps, asked) }
  },
})
