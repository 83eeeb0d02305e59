// Which accounts somebody may mean who calls one by its id in its cloud, or by its name; and which units.
import { isNoNodeName } from '#model/name.ts'
import { canonicalExternalId } from '#model/organization.ts'
import type { ReadTransaction } from '#store/store.ts'
import { alikePerStep, amongAlike } from '../alike.ts'

/**
 * The numbers of those that are called so and count; two where there are more. Neither ids nor names go before the other:
 * whoever may name an account could otherwise have it taken for another one.
 * @param among where only these can count: what others are called costs nothing then
 */
export async function accountsCalled(
  tx: ReadTransaction,
  called: string,
  counts: (number: string) => boolean = () => true,
  among?: readonly string[],
): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const [by, value] of [
    ['external_id', canonicalExternalId(called)],
    ['name', called],
  ] as const) {
    // Else whoever may name an account could have it taken for another one, or for a way to it.
    if (by === 'name' && isNoNodeName(called)) continue
    const read = (after: string | undefined, limit: number) =>
      tx.organizations.listNamed(by, value, { after: after ?? '', limit }, among)
    for (const number of await amongAlike(tx, 2, counts, read)) found.add(number)
  }
  return [...found].slice(0, 2)
}

/** Names that are looked up by one statement, and accounts that it finds at most: those of names that many have are looked up alone. */
const namesAtOnce = 250
const foundAtOnce = 1_000

/** The same of many names: in a few statements, but for names that very many accounts have. */
export async function accountsCalledEach(
  tx: ReadTransaction,
  names: Iterable<string>,
  counts: (number: string) => boolean,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const all = [...new Set(names)]
  const found = new Map<string, readonly string[]>()
  for (let at = 0; at < all.length; at += namesAtOnce) {
    const some = all.slice(at, at + namesAtOnce)
    const [byId, byName] = [
      await foundBy(tx, 'external_id', some.map(canonicalExternalId)),
      await foundBy(
        tx,
        'name',
        some.filter((one) => !isNoNodeName(one)),
      ),
    ]
    for (const called of some) {
      const [ids, named] = [byId.of(canonicalExternalId(called)), byName.of(called)]
      const isWhole = ids !== undefined && named !== undefined
      const numbers = isWhole ? [...new Set([...ids, ...named].filter(counts))].slice(0, 2) : undefined
      found.set(called, numbers ?? (await accountsCalled(tx, called, counts)))
    }
    if (at + namesAtOnce < all.length) await tx.nextTurn()
  }
  return found
}

/** `of` is undefined where not all that are called so were read. */
async function foundBy(
  tx: ReadTransaction,
  by: 'external_id' | 'name',
  called: readonly string[],
): Promise<{ of(called: string): readonly string[] | undefined }> {
  const rows = await tx.organizations.listNamedSome(by, called, foundAtOnce)
  const byCalled = Map.groupBy(rows, (row) => row.called)
  const isWhole = rows.length < foundAtOnce
  return { of: (one) => (isWhole ? (byCalled.get(one) ?? []).map(({ number }) => number) : undefined) }
}

/** The units that are called so and count, or the root; a thousand or two at most. There are no more units than are looked at. */
export const unitsCalled = (
  tx: ReadTransaction,
  called: string,
  counts: (id: string) => boolean,
): Promise<readonly string[]> =>
  isNoNodeName(called)
    ? Promise.resolve([])
    : amongAlike<string>(tx, alikePerStep, counts, (after = '', limit) =>
        tx.organizations.unitsNamed(called, { after, limit }),
      )
