// What an administrator of a part may add to what the whole installation has in common, so that the rest stays for others.
import { pathOf } from '#model/policy/snapshot.ts'
import { accountableOf } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import type { ReadContext } from '../operation.ts'
import { accountsMax } from '../organization/accounts.ts'
import { unitsMax } from '../organization/units.ts'
import { mayAtTop } from './authority.ts'

// Role bindings ------------------------------------------------------------------------------------------------------

/** Every snapshot holds all of them. */
export const roleBindingsMax = 50_000
/** Of these, so many are for whoever may manage roles at the top, whom none of the bounds below counts. */
export const roleBindingsReserve = 5_000
export const roleBindingsPerMakerMax = 5_000
export const roleBindingsPerNodeMax = 1_000
export const roleBindingsPerMakerAndNodeMax = 500

/** For whom the bindings are counted that the caller makes. */
export function makerOf({ caller: { native } }: ReadContext): string {
  return native ? accountableOf(native) : ''
}

export async function refuseTooManyBindings(context: ReadContext, node: string): Promise<void> {
  const { roleBindings } = context.tx
  const what = { of: 'role-bindings' } as const
  const isAtTop = await mayAtTop(context, 'role:manage', pathOf(await context.snapshot(), node))
  const maker = makerOf(context)
  const ofMaker = { per: 'binder', binder: maker } as const
  const reserve = isAtTop ? {} : { reserve: roleBindingsReserve }
  const bounds = [
    ...(isAtTop
      ? []
      : ([
          [{ maker, node }, roleBindingsPerMakerAndNodeMax, { ...ofMaker, node }],
          [{ maker }, roleBindingsPerMakerMax, ofMaker],
          [{ node }, roleBindingsPerNodeMax, { per: 'node', node }],
        ] as const)),
    [{}, isAtTop ? roleBindingsMax : roleBindingsMax - roleBindingsReserve, { per: 'installation', ...reserve }],
  ] as const
  for (const [counted, limit, countedFor] of bounds) {
    const used = await roleBindings.count(counted, limit)
    if (used < limit) continue
    const remedy = { do: 'bind-groups' } as const
    refuse({ code: 'LimitExceeded', what, limit, used, countedFor, remedy })
  }
}

// The organization ---------------------------------------------------------------------------------------------------

/** Of all units and accounts, a tenth each below one unit at the top; the last tenth is for who may manage the organization there. */
const shareOf = (max: number): number => max / 10
export const unitsPerTopUnitMax = shareOf(unitsMax)
export const accountsPerTopUnitMax = shareOf(accountsMax)
const kinds = {
  'organizational-unit': { max: unitsMax, perTopUnitMax: unitsPerTopUnitMax, what: { of: 'units' } },
  account: { max: accountsMax, perTopUnitMax: accountsPerTopUnitMax, what: { of: 'accounts' } },
} as const

/** Refuses a unit or an account below a node to whoever may only manage a part of the organization, where the part is full. */
export async function refuseBeyondShare(
  context: ReadContext,
  kind: keyof typeof kinds,
  parent: string,
  wanted = 1,
): Promise<void> {
  const path = pathOf(await context.snapshot(), parent)
  if (await mayAtTop(context, 'organization:manage', path)) return
  const { max, perTopUnitMax, what } = kinds[kind]
  const { organizations, rows } = context.tx
  const topUnit = path[1] ?? parent
  const remedy = { do: 'delete-or-ask' } as const
  for (const [within, limit, countedFor] of [
    [topUnit, perTopUnitMax, { per: 'unit', unit: topUnit }],
    [undefined, max - shareOf(max), { per: 'organization' }],
  ] as const) {
    // Once in a run of operations: what is counted here is made next, or all of it is taken back.
    const counted = `share ${kind} ${within ?? ''}`
    const used = await rows.once(
      counted,
      async () =>
        (await organizations.count(kind, limit, within)) +
        (kind === 'account' ? await organizations.countRemoved(limit, within) : 0),
    )
    if (used + wanted > limit) refuse({ code: 'LimitExceeded', what, limit, used, countedFor, remedy })
    rows.add(counted, wanted)
  }
}
