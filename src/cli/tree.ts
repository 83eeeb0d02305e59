// Lists whose items hang under each other, as trees: in which order they come, what is drawn before each, and how much of each is used.
import { perMille, rollUp } from '#model/roll-up.ts'
import type { TreeWords } from './native-command.ts'

type Item = Readonly<Record<string, unknown>>

export interface Branch {
  readonly item: Item
  /** Lines that lead to it. */
  readonly drawing: string
}

/** Parents before what hangs under them. Whatever hangs under something that is not there begins a tree of its own. */
export function treeOf({ id, parent, order = [] }: TreeWords, items: readonly Item[]): Branch[] {
  const ids = new Set(items.map((item) => item[id]))
  const below = Map.groupBy(items, (item) => (ids.has(item[parent]) && item[parent] !== item[id] ? item[parent] : root))
  const branches: Branch[] = []
  // Not by calls of itself: nobody says how deep it is.
  const begin = (parentId: unknown, lead: string) =>
    inOrder(below.get(parentId) ?? [], order)
      .map((item, at, all) => ({ item, lead, isLast: at === all.length - 1, isTop: parentId === root }))
      .reverse()
  const stack = begin(root, '')
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { item, lead, isLast, isTop } = next
    branches.push({ item, drawing: isTop ? '' : `${lead}${isLast ? '└─ ' : '├─ '}` })
    stack.push(...begin(item[id], isTop ? '' : `${lead}${isLast ? '   ' : '│  '}`))
  }
  return branches
}
const root = Symbol('root')

const collator = new Intl.Collator('en', { numeric: true })
function inOrder(items: readonly Item[], order: readonly string[]): readonly Item[] {
  return items.toSorted((a, b) => {
    for (const name of order) {
      const compared = collator.compare(String(a[name] ?? ''), String(b[name] ?? ''))
      if (compared !== 0) return compared
    }
    return 0
  })
}

// Usage --------------------------------------------------------------------------------------------------------------

/** The items with the part that is used, of each with all that hangs under it, in place of its numbers. */
export function withUsage({ id, parent, usage }: TreeWords, items: readonly Item[]): readonly Item[] {
  if (usage === undefined) return items
  const rolled = rollUp(
    items.map((item) => {
      const { provisioned, free } = item[usage] as { readonly provisioned: string; readonly free: string }
      return {
        id: String(item[id]),
        parent: item[parent] === undefined ? undefined : String(item[parent]),
        provisioned: BigInt(provisioned),
        free: BigInt(free),
      }
    }),
  )
  return items.map((item) => {
    const space = rolled.get(String(item[id]))!
    return { ...item, [usage]: space.provisioned === 0n ? 'no space' : usageOf(perMille(space)) }
  })
}

const barLength = 10
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar, and what it says in numbers. */
export function usageOf(tenths: number): string {
  // What is used at all is seen, and what is free at all, too.
  const filled = Math.round((tenths * barLength * 8) / 1_000)
  const parts = tenths === 0 ? 0 : tenths === 1_000 ? barLength * 8 : Math.min(barLength * 8 - 1, Math.max(1, filled))
  const bar = '█'.repeat(Math.floor(parts / 8)) + eighths[parts % 8]
  return `${bar.padEnd(barLength, '·')} ${(tenths / 10).toFixed(1).padStart(5)}%`
}
