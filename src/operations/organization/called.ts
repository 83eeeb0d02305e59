// Which accounts somebody may mean who calls one by its id in its cloud, or by its name; and which units.
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
    const read = (after: string | undefined, limit: number) =>
      tx.organizations.listNamed(by, value, { after: after ?? '', limit }, among)
    for (const number of await amongAlike(tx, 2, counts, read)) found.add(number)
  }
  return [...found].slice(0, 2)
}

/** The units that are called so and count, or the root; a thousand or two at most. There are no more units than are looked at. */
export const unitsCalled = (
  tx: ReadTransaction,
  called: string,
  counts: (id: string) => boolean,
): Promise<readonly string[]> =>
  amongAlike<string>(tx, alikePerStep, counts, (after = '', limit) =>
    tx.organizations.unitsNamed(called, { after, limit }),
  )
