// Fragments: a pool is taken in two hundreds, and every other address of it given back.
import type { Installation } from './installation.ts'
import { hosts, type Planned, plans } from './works.ts'

const hundred = 100

/** By a server; `pool` counts private pools, round and round. Leaves as many free blocks of one address as one request can take. */
export async function fragment(installation: Installation, server: number, pool: number): Promise<void> {
  const { ledger } = installation
  const params = { allocations: hosts(ledger, 0, pool, hundred) }
  const asAdmin = { api: 'native', as: ledger.tokens.admin } as const
  const fill: Planned = {
    ...plans.takeMany!(ledger, [0, 0, pool, 0], 0)!,
    request: { ...asAdmin, name: 'createAllocations', input: params },
  }
  const [answers] = await installation.send([{ server, planned: [fill, fill] }])
  const taken = answers!.flatMap((answer) =>
    answer.kind === 'done' ? (answer.output as { allocations: { allocationId: string }[] }).allocations : [],
  )
  const planned = taken
    .filter((_, index) => index % 2 === 0)
    .map(({ allocationId }) => ({
      request: { ...asAdmin, name: 'releaseAllocation', input: { allocationId } },
      learn() {
        for (const tenure of ledger.tenures) if (tenure.id === allocationId) tenure.isOver = true
      },
    }))
  await installation.send([{ server, planned }])
}
