// Asking the owners of what differs: whom to ask is told, and that they were asked is on record.
import { pathOf } from '#model/policy/snapshot.ts'
import type { Problem } from '#model/problems/problem.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import type { Comparing } from './comparing.ts'
import type { ListedDifference } from './differences.ts'
import { type Acted, type ActedPart, actOnPart, noteSource, refuseUnlimited, type Selection } from './selecting.ts'

/** Notes of a part of what a selection finds that the owner was asked. */
export async function askOwners(
  context: WriteContext,
  comparing: Comparing,
  selection: Selection,
  note: string | undefined,
): Promise<ActedPart> {
  refuseUnlimited(selection)
  noteSource(context, comparing.source)
  return actOnPart(context, comparing, selection, {
    isFor: () => true,
    async act(differences) {
      const acted: Acted[] = []
      for (const difference of differences) acted.push(await ask(context, comparing, { difference, note }))
      return acted
    },
  })
}

async function ask(
  context: WriteContext,
  { source }: Comparing,
  { difference, note }: { readonly difference: ListedDifference; readonly note: string | undefined },
): Promise<Acted> {
  const { id, account, registered } = difference
  const owner = account ?? registered?.allocation.account
  const refused = (problem: Problem): Acted => ({ id, outcome: 'refused', difference, problem })
  if (owner === undefined) return refused({ why: 'owner-unknown' })
  const [contact] = (await contactsSeen(context))(owner)
  if (contact === undefined) return refused({ why: 'no-contact', account: owner })
  await context.tx.adoptions.ask({
    sourceId: source.id,
    difference: id,
    account: owner,
    contact,
    note,
    askedBy: context.caller.native?.name ?? context.caller.arn,
    askedAt: context.now,
  })
  return { id, outcome: 'asked', difference, contact }
}

/** Whom to ask about an account: at itself, then at what is above it, as far as the caller may read these. */
export async function contactsSeen(context: ReadContext): Promise<(account: string) => readonly string[]> {
  const snapshot = await context.snapshot()
  const mayRead = await permitter(context, 'organization:read')
  return (account) =>
    pathOf(snapshot, account)
      .toReversed()
      .filter((node) => mayRead(node))
      .map((node) => snapshot.nodes.get(node)?.contact ?? '')
      .filter((contact) => contact !== '')
}
