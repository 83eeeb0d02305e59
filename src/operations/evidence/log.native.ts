// The log of evidence over HTTP, as others read logs (C2SP tlog-tiles): for whoever checks it without trusting the server, from any machine.
import { z } from 'zod'
import { refuse } from '#model/refusal.ts'
import { nativeDownload } from '../download.native.ts'
import { publishedFile } from './published.ts'

/** A checkpoint is another one every minute. */
const checkpointFreshSeconds = 5
export const logContentTypes = { checkpoint: 'text/plain; charset=utf-8', tile: 'application/octet-stream' } as const

export const readEvidenceLog = nativeDownload({
  name: 'readEvidenceLog',
  summary: 'Read a file of the log of evidence, as C2SP `tlog-tiles` has it.',
  description:
    'Below `/evidence/log` is a log as its verifiers read it: `checkpoint`, tiles of hashes as `tile/LEVEL/NUMBER`, leaves as `tile/entries/NUMBER`, partial ones with `.p/WIDTH`; whatever is in the tree of the newest checkpoint. Leaves are salted hashes: it says how many changes and refusals there are, and nothing of any.',
  action: 'history:read',
  input: z.strictObject({
    file: z
      .string()
      .max(100)
      .describe('Such as `checkpoint`, `tile/0/x001/x234/067` or `tile/entries/000.p/17`.')
      .meta({ examples: ['checkpoint'] }),
  }),
  rest: {
    path: '/evidence/log/{file}',
    isDeep: true,
    contentTypes: Object.values(logContentTypes),
  },
  isOpen: true,
  refusals: ['NotFound'],
  at: 'own',
  async open(steps, { file }) {
    const body = await steps.read((context) => publishedFile(context, file))
    if (!body) return refuse({ code: 'NotFound', what: 'evidence-file', id: file })
    const isCheckpoint = file === 'checkpoint'
    return {
      contentType: isCheckpoint ? logContentTypes.checkpoint : logContentTypes.tile,
      // Hashes of leaves never change, of a tile that is not full yet neither.
      fresh: isCheckpoint ? checkpointFreshSeconds : 'for-good',
      body,
    }
  },
})
