// How the members of an operation's input and its answer stand in a request and a response: for routes, clients and the description.
import { z } from 'zod'
import type { NativeDownload } from '#operations/download.native.ts'
import type { NativeIntake, NativeOperation } from '#operations/operation.native.ts'

/** Which members of the input stand in the path, in the query and in the body. */
export function partsOf({ input, rest }: NativeOperation): Record<'path' | 'query' | 'body', readonly string[]> {
  const path = [...rest.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  const others = Object.keys(input.shape).filter((name) => !path.includes(name))
  const hasBody = rest.method !== 'GET' && rest.method !== 'DELETE'
  const query = hasBody ? others.filter((name) => rest.query?.includes(name)) : others
  return { path, query, body: hasBody ? others.filter((name) => !query.includes(name)) : [] }
}

interface InPath {
  readonly rest: { readonly path: string }
}
/** The same of an intake: what its body is, is no member of its input. */
export function intakeParts({ input, rest }: Pick<NativeIntake, 'input'> & InPath): Record<'path' | 'query', string[]> {
  const path = [...rest.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  return { path, query: Object.keys(input.shape).filter((name) => !path.includes(name)) }
}

/** The same of a download; `deep` is the member that is all that follows in the path. */
export function downloadParts({ input, rest }: Pick<NativeDownload, 'input' | 'rest'>): {
  readonly path: readonly string[]
  readonly query: readonly string[]
  readonly deep: string | undefined
} {
  const parts = intakeParts({ input, rest })
  return { ...parts, deep: rest.isDeep ? parts.path.at(-1) : undefined }
}

/** Some members of the input; others are refused. */
export const shapeOf = (
  { input }: Pick<NativeOperation, 'input'>,
  names: readonly string[],
  more: z.core.$ZodLooseShape = {},
): z.ZodObject => z.strictObject({ ...Object.fromEntries(names.map((name) => [name, input.shape[name]!])), ...more })

/** Whether the answer is a state, which has an `ETag`. */
export const showsState = ({
  access,
  changes,
  output,
}: Pick<NativeOperation, 'access' | 'changes' | 'output'>): boolean => access === 'read' || changes?.output === output
