// The change request that says what was asked for at once: of an operation of an AWS API, what of the native API makes the same of objects.
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import { type ChangedObject, changedObjects } from './changed-objects.ts'
import type { ProposedOperation } from './proposed.ts'
import { inOrder, type Restated, restate } from './restated.ts'

/** Of a change of more, what says the same would be too long to be repeated. */
const restatedMax = 100

/** Within the transaction that has made a change: operations that make the same; undefined where none do, or too many would. */
export async function proposalOf(
  tx: ReadTransaction,
  subjects: readonly Subject[],
): Promise<readonly ProposedOperation[] | undefined> {
  if (subjects.length > restatedMax) return undefined
  const objects = (await changedObjects(tx, subjects)).filter(({ isNamedOnly }) => !isNamedOnly)
  const carriers = carriersOf(objects)
  // Default scopes and discoveries go with every IPAM.
  const cascading = new Set(
    [...carriers].flatMap(([one, by]) => (one.was!.isDefault || isBeside(one, objects) ? [] : by)),
  )
  const operations: ProposedOperation[] = []
  for (const object of objects) {
    const { id, kind, was, is } = object
    if (carriers.has(object) || isBeside(object, objects)) continue
    const restated = await restate(tx, { id, kind, from: was, to: is })
    if (!restated?.isWhole || restated.settingTags === 'unsaid') return undefined
    operations.push(...(cascading.has(id) ? withCascade(restated) : restated.operations))
  }
  return inOrder(operations)
}

/** What goes with another object of the change, by whose deletion it is said. */
function carriersOf(objects: readonly ChangedObject[]): ReadonlyMap<ChangedObject, string> {
  const gone = objects.filter(({ is }) => is === undefined)
  const ids = new Set(gone.map(({ id }) => id))
  const numbers = new Map(gone.flatMap(({ id, kind, was }) => (kind === 'ipam-pool' ? [[was!.n, id] as const] : [])))
  const carriers = new Map<ChangedObject, string>()
  for (const object of gone) {
    const { ipamId, pool, node, target, account, parent } = object.was!
    const places = [ipamId, pool, numbers.get(parent), node, target, account] as readonly (string | undefined)[]
    const carrier = places.find((place) => place !== undefined && place !== object.id && ids.has(place))
    if (carrier !== undefined) carriers.set(object, carrier)
  }
  return carriers
}

/** What comes with every one of its kind: the discovery of an IPAM, and the access of the service that somebody is to administer. */
const isBeside = ({ kind, was }: ChangedObject, all: readonly ChangedObject[]): boolean =>
  kind === 'ipam-resource-discovery' ||
  kind === 'ipam-resource-discovery-association' ||
  (kind === 'enabled-service' && !was && all.some((one) => one.kind === 'delegated-administrator'))

/** Whoever deletes a pool or an IPAM says that all in it goes, too; with an account or a unit it does by itself. */
const saysCascade = ['deletePool', 'deleteIpam']
const withCascade = ({ operations }: Restated): readonly ProposedOperation[] =>
  operations.map(({ operation, input }) =>
    saysCascade.includes(operation) ? { operation, input: { ...input, cascade: 'true' } } : { operation, input },
  )
