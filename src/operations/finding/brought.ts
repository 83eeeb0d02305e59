// Networks that have changed, as far as no pool gave their space: what is there is evaluated, and what has ended is resolved.
import type { ReadTransaction } from '#store/store.ts'
import type { BroughtSpace } from '#store/tables/brought-space.ts'
import { spaceControls } from './controls.ts'
import { type Looked, placeOf, type Seen } from './settle.ts'

/** Of one network: as many blocks as it can have, and what it had lately. */
const blocksOfNetworkMax = 1_000

/** By what is there now, and what is over. */
export async function broughtOf(
  tx: ReadTransaction,
  networks: readonly string[],
): Promise<{ readonly here: readonly BroughtSpace[]; readonly over: readonly BroughtSpace[] }> {
  const found = networks.length === 0 ? [] : await tx.broughtSpace.ofNetworks(networks, blocksOfNetworkMax)
  const here = found.filter(({ endedAt }) => endedAt === undefined)
  const isHere = new Set(here.map(({ resource }) => resource))
  return { here, over: found.filter(({ resource, endedAt }) => endedAt !== undefined && !isHere.has(resource)) }
}

/** What was open of it ended when it did. */
export async function resolveBrought(tx: ReadTransaction, over: readonly BroughtSpace[]): Promise<readonly Looked[]> {
  if (over.length === 0) return []
  const until = new Map(over.map(({ resource, endedAt }) => [resource, endedAt!]))
  const open = await tx.findings.goingOnOf([...until.keys()])
  return spaceControls.flatMap((control): readonly Looked[] => {
    const seen = open
      .filter((one) => one.control === control.name && one.source === '')
      .map(
        (one): Seen => ({ resource: one.resource, ...placeOf(one), facts: undefined, until: until.get(one.resource)! }),
      )
    return seen.length === 0 ? [] : [{ control, seen }]
  })
}
