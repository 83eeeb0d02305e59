// The state of the log of evidence over the native API: what is signed, who has cosigned it, and whose logs are signed here.
import { z } from 'zod'
import { nativeRead } from '../operation.native.ts'
import { formatInstant, instant, nameShapes } from '../shapes.native.ts'
import { everythingPlace, showEvidence } from './state.ts'

const origin = z
  .string()
  .describe('What a log is called: the first line of its checkpoints.')
  .meta({ examples: ['cadastre/059bb'] })
const size = z.number().int().min(0).describe('Leaves of its tree.')
const key = z
  .string()
  .describe('A public key, as signed notes have it.')
  .meta({ examples: ['cadastre/059bb+a1b2c3d4+AV0zP8l0x1uQ0k3fN2rQ7m9sT4vW6xY8zA1bC3dE5fG7'] })
const witness = z.object({
  name: z
    .string()
    .describe('Of its key.')
    .meta({ examples: ['cadastre/0a1b2'] }),
  size: size.describe('Of the largest tree that it has seen.'),
  cosignedAt: instant.optional().describe('When it has signed last.'),
  isCurrent: z.boolean().describe('Whether it has signed the newest checkpoint.'),
  problem: z
    .string()
    .optional()
    .describe('Why it has not signed since.')
    .meta({ examples: ['it has answered 503'] }),
})
const witnessed = z.object({
  origin,
  size,
  seenAt: instant.describe('When it has grown last.'),
  checkpoint: z
    .string()
    .describe('The newest that was signed here.')
    .meta({ examples: ['cadastre/0a1b2\n…'] }),
  conflict: z
    .array(z.string())
    .optional()
    .describe('Two checkpoints of one size that it has both signed: they prove that it shows two histories.')
    .meta({ examples: [['cadastre/0a1b2\n…', 'cadastre/0a1b2\n…']] }),
  conflictAt: instant.optional(),
})
nameShapes({ EvidenceWitness: witness, WitnessedLog: witnessed })

export const getEvidence = nativeRead({
  name: 'getEvidence',
  summary:
    'Show what of the log of evidence is signed, which witnesses have signed it too, and which logs are signed here for others.',
  action: 'history:read',
  input: z.strictObject({}),
  output: z.object({
    origin,
    size: size.describe('Leaves of the newest checkpoint.'),
    signedAt: instant.optional().describe('Absent where nothing was signed yet.'),
    keys: z.array(key).describe('Those that sign it, newest first.'),
    witnessKeys: z.array(key).describe('The same, as they sign for others: for who names this server as a witness.'),
    witnesses: z.array(witness),
    witnessed: z.array(witnessed).describe('Logs that this server is a witness for.'),
  }),
  rest: { method: 'GET', path: '/evidence' },
  cli: 'evidence show',
  refusals: [],
  at: async () => everythingPlace,
  async run(context) {
    const { at, witnesses, witnessed, ...rest } = await showEvidence(context)
    return {
      ...rest,
      ...(at === undefined ? {} : { signedAt: formatInstant(at) }),
      witnesses: witnesses.map(({ at, problem, ...one }) => ({
        ...one,
        ...(at === undefined ? {} : { cosignedAt: formatInstant(at) }),
        ...(problem === undefined ? {} : { problem }),
      })),
      witnessed: witnessed.map(({ at, conflict, conflictAt, ...one }) => ({
        ...one,
        seenAt: formatInstant(at),
        ...(conflict === undefined ? {} : { conflict: [...conflict] }),
        ...(conflict === undefined || conflictAt === undefined ? {} : { conflictAt: formatInstant(conflictAt) }),
      })),
    }
  },
})
