// What leaves the native API: the declared members of an answer and no others, written by a function made for its schema.
import fastJsonStringify from 'fast-json-stringify'
import { z } from 'zod'

export type Serialize = (answer: unknown) => string

/** The writer of answers of one schema. It is made when the first is written: a server is asked for few kinds of answers. */
export function compileSerializer({ schema }: { readonly schema: z.ZodType }): Serialize {
  let write: Serialize | undefined
  return (answer) => {
    write ??= fastJsonStringify(describe(schema))
    return write(answer)
  }
}

/** What is described besides, such as names and patterns, is no matter of writing. */
const unnamed = z.registry<Record<string, never>>()
const describe = (schema: z.ZodType): object => z.toJSONSchema(schema, { io: 'output', metadata: unnamed as never })
