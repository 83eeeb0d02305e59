// Which accounts somebody may mean who calls one by its id in its cloud, or by its name.
import { canonicalExternalId } from '#model/organization.ts'
import type { ReadTransaction } from '#store/store.ts'
import { amongAlike } from '../alike.ts'

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
