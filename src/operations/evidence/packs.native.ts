// Evidence packs over the native API: one signed text of all of a period and a part of the organization.
import { z } from 'zod'
import { nativeDownload } from '../download.native.ts'
import { showChangeRequest } from '../governance/change-requests.native.ts'
import { idOf } from '../identifiers.ts'
import { describeEntries } from '../record/changes.native.ts'
import { stateIn } from '../record/history.native.ts'
import { instant, nodeId, parseInstant } from '../shapes.native.ts'
import { openPack } from './pack-downloads.ts'
import type { ShowSeen } from './pack-seen.ts'

const show: ShowSeen = {
  ofOneAccount: new Set([
    ...['AllocateAddress', 'ReleaseAddress', 'AssociateAddress', 'DisassociateAddress'],
    ...['CreateVpc', 'DeleteVpc', 'CreateSubnet', 'DeleteSubnet'],
    ...['AllocateIpamPoolCidr', 'ReleaseIpamPoolAllocation'],
  ]),
  changes: describeEntries,
  decisionId: (context, n) => idOf(context, 'decision', n),
  state: (body) => stateIn(body as Parameters<typeof stateIn>[0]),
  request: showChangeRequest,
}

export const packContentType = 'application/x-ndjson'

export const readEvidencePack = nativeDownload({
  name: 'readEvidencePack',
  summary: 'Make an evidence pack of a period and a part of the organization, signed, for `cadastre audit verify`.',
  description:
    'Lines of JSON, written as they are read: the record with its proofs, policies and exceptions in force at the end, change requests with their approvals, compliance by day with its findings, and a signature of it all, up to the newest checkpoint. Whoever may not see everything names a node where they may, and gets what they see of it (`seenBy`): of a change what `GET /changes` shows, with the proof of its leaf. One that was cut has no signature.',
  action: 'history:read',
  input: z.strictObject({
    from: instant.describe('The beginning of the period.'),
    until: instant.optional().describe('The end of the period, which is not in it; now by default.'),
    node: nodeId
      .optional()
      .describe('The root, a unit or an account, with all below it; everything by default, for whoever may see it.'),
  }),
  rest: { path: '/evidence/pack', contentTypes: [packContentType] },
  refusals: ['NotFound', 'Throttled'],
  // What is asked for there is asked for anew at each step.
  at: 'own',
  async open(steps, { from, until, node }) {
    const asked = { from: parseInstant(from), until: until === undefined ? undefined : parseInstant(until), node }
    return { contentType: packContentType, fresh: 0, body: await openPack(steps, asked, show) }
  },
})
