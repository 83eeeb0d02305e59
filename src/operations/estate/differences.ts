// How what sources say is there differs from what the register has.
import { formatCidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { type Difference, type DifferenceKind, differenceOf, takesSpace } from '#model/observed-difference.ts'
import { isAccountId } from '#model/organization.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Source } from '#store/tables/sources.ts'
import { permitter } from '../identity/authority.ts'
import { numberIn, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { accountsCalled } from '../organization/called.ts'

/** Observations that are compared at once, and allocations that are read for them. */
const comparedAtOnce = 200
const registeredAtOnce = 4_000

export interface ListedDifference {
  readonly stored: StoredObservation
  readonly difference: Difference<Allocation>
  /** Of what the register has. */
  readonly allocationId: string | undefined
  /** The account that the source means, by its number here; undefined where there is none. */
  readonly account: string | undefined
}
export interface DifferenceFilter {
  readonly difference?: DifferenceKind | undefined
  readonly account?: string | undefined
}

/** Where a source and the register differ, in the order of the source's observations. What the caller may not see counts as not there. */
export async function listDifferences(
  context: ReadContext,
  source: Source,
  { difference, account }: DifferenceFilter,
  asked: PageAsked<string>,
): Promise<Page<ListedDifference, string>> {
  const at = { sourceId: source.id, snapshot: source.snapshot }
  const isPermitted = await permitter(context, 'allocation:read')
  const numbers = new Map<string, string | undefined>()
  return readPage(context, asked, {
    read: (after, limit) => context.tx.observations.holding(at, after === undefined ? -1 : numberIn(after), limit),
    placeOf: ({ number }: StoredObservation) => String(number),
    bounds: { stepMax: comparedAtOnce },
    async show(rows) {
      // One that was missing once may have been a slip: only what is gone is a difference.
      const compared = rows.filter(({ kind, missing }) => takesSpace(kind) && missing !== 1)
      await findNumbers(context, source, compared, numbers)
      const seen = await readRegistered(context, source, compared, isPermitted)
      return rows.map((row) => {
        if (!takesSpace(row.kind) || row.missing === 1) return undefined
        const owner = numbers.get(row.account)
        if (account !== undefined && owner !== account && row.account !== account) return undefined
        const observation = { ...row, key: row.body.key }
        const found = differenceOf(
          { observation, account: owner, isGone: row.missing === 2 },
          seen.ofBlock(row),
          seen.ofResource(row),
        )
        if (!found || (difference !== undefined && found.kind !== difference)) return undefined
        const { registered } = found
        const allocationId = registered && formatId('allocation', context.tx.installation, registered.n)
        return { stored: row, difference: found, account: owner, allocationId }
      })
    },
  })
}

/** Adds the numbers of accounts that the source calls by other ids: of those that it speaks of, and no others. */
async function findNumbers(
  context: ReadContext,
  { node }: Source,
  rows: readonly StoredObservation[],
  numbers: Map<string, string | undefined>,
): Promise<void> {
  const snapshot = await context.snapshot()
  const isOfSource = (number: string): boolean => node === everywhere || pathOf(snapshot, number).includes(node)
  for (const called of new Set(rows.map((row) => row.account))) {
    if (called === '' || numbers.has(called)) continue
    const found = isAccountId(called) ? [called] : await accountsCalled(context.tx, called, isOfSource)
    numbers.set(called, found.length === 1 ? found[0] : undefined)
  }
}

async function readRegistered(
  { tx }: ReadContext,
  source: Source,
  rows: readonly StoredObservation[],
  isPermitted: (account: string) => boolean,
) {
  const visible = (found: readonly Allocation[]) => found.filter(({ account }) => isPermitted(account))
  const blocks = visible(
    await tx.registered.ofBlocks(
      rows.map(({ cidr }) => cidr),
      source.scopeId,
      registeredAtOnce,
    ),
  )
  const ids = rows.flatMap(({ id, body }) => (id === '' ? [] : [id, body.key]))
  const resources = visible(await tx.registered.ofResources(ids, registeredAtOnce))
  const byBlock = Map.groupBy(blocks, ({ cidr }) => formatCidr(cidr))
  const byResource = Map.groupBy(resources, ({ resourceId }) => resourceId!)
  return {
    ofBlock: ({ cidr }: StoredObservation): readonly Allocation[] => byBlock.get(formatCidr(cidr)) ?? [],
    ofResource: ({ id, body }: StoredObservation): readonly Allocation[] =>
      id === '' ? [] : (byResource.get(id) ?? byResource.get(body.key) ?? []),
  }
}
