// What is in force where: of each node of the organization, which documents speak of each locale and type, and by which assignment.
import { type EffectiveAssignment, effectiveAssignmentsAt } from '#model/policy/effective.ts'
import type { Pair } from '#model/policy/resolve.ts'
import { pathOf, type Snapshot, versionOf } from '#model/policy/snapshot.ts'
import type { Node } from '#store/tables/organizations.ts'
import type { Page, PageAsked } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { listVisible } from '../readable.ts'

/** Pairs that are told of one node, and of all nodes of a page together. */
const cellsMax = 100
const cellsPerPageMax = 5_000
/** Between two of them others have their turn. */
const nodesPerStep = 20

export interface Cell extends Pair {
  /** Those that have a document for the pair, from the root down. */
  readonly assignments: readonly EffectiveAssignment[]
}
export interface MatrixRow {
  readonly node: Node
  readonly cells: readonly Cell[]
  readonly isWhole: boolean
}
interface MatrixFilter extends Partial<Pair> {
  readonly parentId?: string | undefined
  readonly kind?: Node['kind'] | undefined
}

export async function listMatrix(
  context: ReadContext,
  { parentId, kind, ...pair }: MatrixFilter,
  asked: PageAsked<string>,
): Promise<Page<MatrixRow, string>> {
  const snapshot = await context.snapshot()
  return listVisible(context, 'policy:read', asked, {
    read: (after = '', limit) => context.tx.organizations.listNodes({ parentId, kind }, { after, limit }),
    placeOf: ({ id }) => id,
    nodeOf: ({ id }) => id,
    describe: (rows) => rows.map((node) => rowAt(snapshot, node, pair)),
    bounds: { stepMax: nodesPerStep, weightOf: ({ cells }) => cells.length, weightMax: cellsPerPageMax },
  })
}

function rowAt(snapshot: Snapshot, node: Node, wanted: Partial<Pair>): MatrixRow {
  const path = pathOf(snapshot, node.id)
  const pairs = pairsOn(snapshot, path, wanted)
  const cells = pairs.slice(0, cellsMax).map((pair) => ({
    ...pair,
    assignments: effectiveAssignmentsAt(snapshot, node.id, pair).filter(({ part }) => part !== 'no-document'),
  }))
  return { node, cells, isWhole: pairs.length <= cellsMax }
}

/** Those of which a document speaks that is enabled on the path, by type and locale. */
function pairsOn(snapshot: Snapshot, path: readonly string[], wanted: Partial<Pair>): readonly Pair[] {
  const pairs = new Map<string, Pair>()
  for (const target of path) {
    for (const assignment of snapshot.assignmentsByTarget.get(target) ?? []) {
      for (const { locale, resourceType, rules } of versionOf(snapshot, assignment).documents) {
        if (rules.length === 0 || (wanted.locale ?? locale) !== locale) continue
        if ((wanted.resourceType ?? resourceType) !== resourceType) continue
        pairs.set(`${resourceType}\n${locale}`, { locale, resourceType })
      }
    }
  }
  return [...pairs].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, pair]) => pair)
}
