// Which accounts somebody may mean who calls one by its id in its cloud, or by its name.
import { canonicalExternalId } from '#model/organization.ts'
import type { ReadTransaction } from '#store/store.ts'

/** Accounts that are called alike and looked at for those that count, where it is not known which can. */
const alikeMax = 20_000
const alikePerStep = 1_000

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
    let after = ''
    for (let looked = 0; looked < alikeMax && found.size < 2; looked += alikePerStep) {
      const numbers = await tx.organizations.listNamed(by, value, { after, limit: alikePerStep }, among)
      for (const number of numbers) if (counts(number)) found.add(number)
      if (numbers.length < alikePerStep) break
      after = numbers.at(-1)!
    }
  }
  return [...found].slice(0, 2)
}
