// Findings about pools end with them.
import type { Pool } from '#store/tables/pools.ts'
import type { WriteContext } from '../operation.ts'
import { poolNearlyFull, poolSoonFull } from './controls.ts'
import { type Seen, settle } from './settle.ts'

/** What was found of pools is over when they go. */
export async function endFindingsOf({ tx }: Pick<WriteContext, 'tx'>, pools: readonly Pool[]): Promise<void> {
  const seen = pools.map(({ id, account }): Seen => ({ resource: id, node: account, facts: undefined }))
  for (const control of [poolNearlyFull, poolSoonFull]) await settle(tx, control, seen)
}
