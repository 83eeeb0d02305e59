// The page tokens of the AWS APIs, in one place: what `run` reads and answers is a place in the list's order; what callers see is sealed.
import { orderedJson } from '#model/ordered-json.ts'
import type { Principal } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import type { ReadTransaction } from '#store/store.ts'
import { withoutSession } from './refused-changes.ts'

export interface PageParams {
  readonly MaxResults?: number
  /** Of a request that `run` reads: the place in the list's order behind which the page begins. */
  readonly NextToken?: string
}

/** What a token is bound to besides what is asked for. */
interface Asking {
  readonly tx: Pick<ReadTransaction, 'installation' | 'pageTokens'>
  readonly caller: Principal
  readonly region: string
}

/**
 * Runs a reading with the place that its `NextToken` stands for, and seals the place where it goes on. A token is of the
 * operation, what is asked for and the caller: any other is refused, and nothing can be read from it.
 * @param operation with the service before it: `ec2:DescribeVpcs`
 */
export async function withPageTokens<Context extends Asking, Input, Output>(
  context: Context,
  operation: string,
  input: Input,
  run: (context: Context, input: Input) => Promise<Output>,
): Promise<Output> {
  const { NextToken: token } = input as PageParams
  const { pageTokens } = context.tx
  let opened = input
  if (token !== undefined) {
    const place = pageTokens.open(token, boundTo(context, operation, input))
    if (place === undefined) refuse({ code: 'InvalidPaginationToken', field: 'NextToken', value: token })
    opened = { ...input, NextToken: place }
  }
  const output = await run(context, opened)
  const { NextToken: next } = output as PageParams
  if (next === undefined) return output
  return { ...output, NextToken: pageTokens.seal(next, boundTo(context, operation, input)) }
}

/**
 * Lists have one order each, so that the operation names it. How much is answered may differ from page to page, and a role's
 * credentials may be newer ones by then, with another session.
 */
function boundTo({ caller, region, tx }: Asking, operation: string, input: unknown): string {
  const { NextToken: _, MaxResults: __, ...asked } = input as PageParams
  const { account, arn } = caller
  return orderedJson([tx.installation, operation, region, account, withoutSession(arn), asked])!
}
