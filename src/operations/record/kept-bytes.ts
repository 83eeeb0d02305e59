// How much somebody may have kept for good in a day of what large objects say.
import { accountableOf } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { governsTop } from '../governance/list-bounds.ts'
import type { ReadContext, WriteContext } from '../operation.ts'

/** Bytes of versions with more than `uncountedBytesMax`, by one requester in a day (UTC). */
export const historyBytesPerDayMax = 1_073_741_824
export const historyBytesPerDayOfTopMax = 4_294_967_296

/** Counts what a request has just written, and refuses more than whoever sent it may write in a day. */
export async function countKept(context: WriteContext, bytes: number): Promise<void> {
  const { keptBytes } = context.tx
  const writer = writerOf(context)
  const used = await keptBytes.writtenBy(writer)
  if (used + bytes > historyBytesPerDayMax) {
    const limit = (await isOfTop(context)) ? historyBytesPerDayOfTopMax : historyBytesPerDayMax
    if (used + bytes > limit) {
      const until = new Date(keptBytes.tomorrow).toISOString()
      const countedFor = { per: 'writer', writer } as const
      const remedy = { do: 'wait-to-change', bytes, until } as const
      refuse({ code: 'LimitExceeded', what: { of: 'history-bytes-today' }, limit, used, countedFor, remedy })
    }
  }
  await keptBytes.count(writer, bytes)
}

/** Over the AWS APIs all keys of an account are one. */
const writerOf = ({ caller: { native, account } }: ReadContext): string => (native ? accountableOf(native) : account)

async function isOfTop(context: ReadContext): Promise<boolean> {
  const { native, account } = context.caller
  if (native) return governsTop(context)
  const { delegatedAdministrator } = await context.snapshot()
  return account === delegatedAdministrator || account === (await context.tx.organizations.find())?.managementAccount
}
