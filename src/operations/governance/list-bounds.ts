// How much may be done, tried or kept of changes at once: meanwhile nobody else changes anything, and what was said is kept.
import { accountableFor } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import { mayAnywhere, mayAtTop } from '../identity/authority.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { attributionOf } from '../policy/own-break-glass.ts'
import { topOf } from '../record/object-places.ts'
import { beginList } from './state.ts'

/** Operations of whoever governs no more than a part: with so many, others wait for less than a second. */
export const operationsOfPartMax = 100
/** Bytes of them, as JSON: as many as policy documents have in one request. */
export const operationBytesOfPartMax = 1_048_576
/** Of a body with a list: its operations and what stands beside them. */
export const listBody = {
  bytesMax: 4_194_304,
  membersMax: 100_000,
  part: { bytesMax: operationBytesOfPartMax + 262_144, membersMax: 20_000 },
} as const
/** Bytes of what change requests say, that one requester writes in a day (UTC): all of it is kept. */
export const changeBytesPerDayMax = 16_777_216
export const changeBytesPerDayOfTopMax = 268_435_456

/** Who has one of these at the top decides for all of those who wait. */
const governing = ['organization:manage', 'policy:manage', 'ipam:manage'] as const
export async function governsTop(context: ReadContext): Promise<boolean> {
  const top = [await topOf(context)]
  for (const action of governing) if (await mayAtTop(context, action, top)) return true
  return false
}
/** How far somebody may do one of these: nowhere, or in a part of what is governed, or as whoever governs its top. */
export async function findReach(context: ReadContext, actions: readonly Action[]): Promise<'none' | 'part' | 'top'> {
  for (const action of actions) {
    if (await mayAnywhere(context, action)) return (await governsTop(context)) ? 'top' : 'part'
  }
  return 'none'
}
const bytesOf = (operations: readonly unknown[]): number => Buffer.byteLength(JSON.stringify(operations))

/** Refuses more than whoever governs a part may do at once. */
export async function refuseLongList(context: ReadContext, operations: readonly unknown[]): Promise<void> {
  const used = operations.length
  const bytes = bytesOf(operations)
  if ((used <= operationsOfPartMax && bytes <= operationBytesOfPartMax) || (await governsTop(context))) return
  const bound =
    used > operationsOfPartMax
      ? ({ what: { of: 'operations' }, limit: operationsOfPartMax, used } as const)
      : ({ what: { of: 'operation-bytes' }, limit: operationBytesOfPartMax, used: bytes } as const)
  refuse({ code: 'LimitExceeded', ...bound, remedy: { do: 'split-operations' }, isOfRequest: true })
}

/** Of a list that is done or tried now: that of whoever governs the top may change and look through more than a request. */
export async function boundList(context: WriteContext, operations: readonly unknown[]): Promise<void> {
  await refuseLongList(context, operations)
  if (await governsTop(context)) beginList(context)
}

/** Counts what a change request says from now on for who writes it, and refuses more than they may write in a day. */
export async function countWriting(context: WriteContext, operations: readonly unknown[]): Promise<void> {
  const { changeRequests } = context.tx
  const requester = accountableFor(attributionOf(context))
  const bytes = bytesOf(operations)
  const limit = (await governsTop(context)) ? changeBytesPerDayOfTopMax : changeBytesPerDayMax
  const used = await changeRequests.bytesWritten(requester)
  if (used + bytes > limit) {
    const countedFor = { per: 'changes', requester } as const
    const remedy = { do: 'write-changes-less-often', bytes } as const
    refuse({ code: 'LimitExceeded', what: { of: 'change-bytes-today' }, limit, used, countedFor, remedy })
  }
  await changeRequests.countWritten(requester, bytes)
}
