// What an answer of the native API is that is no JSON: bytes as they are, or a text of any size that is written as it is taken. Defined as one
// value, as operations are; the mirror image of an intake.
import type { z } from 'zod'
import { naming } from '#model/refusal.ts'
import { type Place, requirePermission } from './identity/authority.ts'
import type { NativeOperation } from './operation.native.ts'
import type { ReadContext, Steps } from './operation.ts'

/** What somebody takes away. */
export interface Download {
  readonly contentType: string
  /** For how many seconds it may be kept on the way; `for-good` what never changes. */
  readonly fresh: number | 'for-good'
  /** All of it, or its parts: those of a text are made as they are taken. */
  readonly body: Uint8Array | AsyncIterable<string>
}

/** Transactions of one request, one after the other: each asks anew whether the caller may. */
export type ReadSteps = Pick<Steps, 'read'>

interface DownloadFacts<Input extends z.ZodObject>
  extends Pick<NativeOperation, 'name' | 'summary' | 'description' | 'action' | 'refusals'> {
  readonly input: Input
  readonly rest: {
    /** Below `/api/v1`; names in braces are members of `input`, and the rest stand in the query. */
    readonly path: string
    /** The last name of the path is all that follows, with its slashes. */
    readonly isDeep?: true
    readonly contentTypes: readonly string[]
  }
  /** Anybody may have it, without a token, unless the operator says otherwise. */
  readonly isOpen?: true
  /** Where the action must be permitted; `own`: anybody may who is let in. */
  at: 'own' | ((context: ReadContext, input: z.output<Input>) => Promise<Place>)
  open(steps: ReadSteps, input: z.output<Input>): Promise<Download>
}
export type NativeDownload = Omit<DownloadFacts<z.ZodObject>, 'at' | 'open'> & {
  open(steps: ReadSteps, input: object): Promise<Download>
}

export function nativeDownload<Input extends z.ZodObject>(facts: DownloadFacts<Input>): NativeDownload {
  const { at, open, ...rest } = facts
  return {
    ...rest,
    open: (steps, given) => {
      const input = given as z.output<Input>
      return open(
        {
          read: (work) =>
            steps.read((context) =>
              naming({}, async () => {
                if (at !== 'own') await requirePermission(context, facts.action, await at(context, input))
                return work(context)
              }),
            ),
        },
        input,
      )
    },
  }
}
