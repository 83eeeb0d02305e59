// Asking the owners of what differs: whom to ask is told, and that they were asked is on record.
import { pathOf } from '#model/policy/snapshot.ts'
import type { Problem } from '#model/problems/problem.ts'
import { permitter } from '../identity/authority.ts'
import type { WriteContext } from '../operation.ts'
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
  const contact = await contactOf(context, owner)
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

/** Whom to ask about an account: at itself, or at what is above it, as far as the caller may see that. */
async function contactOf(context: WriteContext, account: string): Promise<string | undefined> {
  const snapshot = await context.snapshot()
  const mayRead = await permitter(context, 'organization:read')
  for (const node of pathOf(snapshot, account).toReversed()) {
    const contact = snapshot.nodes.get(node)?.contact
    if (contact !== undefined && contact !== '' && mayRead(node)) return contact
  }
  return undefined
}
