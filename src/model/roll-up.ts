// Numbers of addresses along a tree of pools: what is free in a pool and in all that hangs under it.

export interface TreeSpace {
  readonly id: string
  readonly parent: string | undefined
  readonly provisioned: bigint
  readonly free: bigint
}

export interface RolledUp {
  readonly provisioned: bigint
  /** Neither free there nor in a pool below, which it gave of its space. What a pool below has that is not listed counts as used. */
  readonly used: bigint
}

/** By id. A parent that is not among them is none. */
export function rollUp(pools: readonly TreeSpace[]): ReadonlyMap<string, RolledUp> {
  const byId = new Map(pools.map((pool) => [pool.id, pool]))
  const free = new Map<string, bigint>()
  for (const pool of pools) {
    const above = new Set<string>()
    for (let at: TreeSpace | undefined = pool; at && !above.has(at.id); at = byId.get(at.parent ?? '')) {
      above.add(at.id)
      free.set(at.id, (free.get(at.id) ?? 0n) + pool.free)
    }
  }
  return new Map(
    pools.map(({ id, provisioned }) => {
      const used = provisioned - free.get(id)!
      return [id, { provisioned, used: used < 0n ? 0n : used }]
    }),
  )
}

/** Percent that are used of a pool that is nearly full: the highest of these that is reached. */
export const fullSteps = [100, 98, 95, 90] as const
/** Undefined where it is not nearly full. */
export const fullStepOf = (space: RolledUp): number | undefined => {
  const used = perMille(space)
  return fullSteps.find((step) => used >= step * 10)
}

/** Tenths of a percent. What is a little is not nothing, and what is nearly all is not all. */
export function perMille({ used, provisioned }: RolledUp): number {
  if (provisioned === 0n || used === 0n) return 0
  if (used >= provisioned) return 1_000
  return Math.min(999, Math.max(1, Number((used * 1_000n + provisioned / 2n) / provisioned)))
}
