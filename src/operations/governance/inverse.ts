// The inverse of a change, prepared when it is made: of each object that it has changed, what makes it again what it was.
import type { RevertRefused } from '#model/change-request.ts'
import { kindOf } from '#model/identifier.ts'
import { isTargetId } from '#model/organization.ts'
import { Refused } from '#model/refusal.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { WriteContext } from '../operation.ts'
import { type ChangedObject, changedObjects } from './changed-objects.ts'
import { versionsBefore } from './control.ts'
import type { ProposedOperation } from './proposed.ts'
import { inOrder, restate } from './restated.ts'

export interface Inverse {
  /** In the order in which they are to be done. */
  readonly operations: readonly ProposedOperation[]
  /** Objects that stay as the change has made them, at least in part. */
  readonly left: readonly string[]
  /** The versions that the change has made: where others stand there, somebody has changed them since. */
  readonly versions: Readonly<Record<string, number>>
  /** Those that there were before it; undefined of a change from before this was kept. */
  readonly before?: Readonly<Record<string, number>>
}
export const noInverse: Inverse = { operations: [], left: [], versions: {}, before: {} }

/**
 * Of a change and of another one that came behind it and has made these subjects. Of what somebody has changed between both, it says the
 * version that the first one made, which is the latest no more: what somebody else has made is in none of these operations.
 */
export function inverseOfBoth(first: Inverse, second: Inverse, subjects: readonly Subject[]): Inverse {
  const changedBetween = subjects.flatMap(({ id, before }) => {
    const made = first.versions[id]
    return made === undefined || before === undefined || made === before ? [] : [[id, made] as const]
  })
  return {
    operations: [...second.operations, ...first.operations],
    left: [...new Set([...first.left, ...second.left])],
    versions: { ...first.versions, ...second.versions, ...Object.fromEntries(changedBetween) },
    ...(first.before && second.before ? { before: { ...untouchedBy(first, second.before), ...first.before } } : {}),
  }
}
/** What the first one has made or changed was before both as it was before that. */
const untouchedBy = ({ versions }: Inverse, before: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(before).filter(([id]) => !(id in versions)))

/** Within the transaction that has made the change. */
export async function inverseOf(tx: ReadTransaction, subjects: readonly Subject[]): Promise<Inverse> {
  const undone: UndoneObject[] = []
  // What came last depends on what came before.
  for (const changed of [...(await changedObjects(tx, subjects))].reverse()) {
    const { id, kind, was, is, isNamedOnly } = changed
    // What has changed about it is a subject of its own, as the CIDRs of a pool are.
    if (isNamedOnly && hasHistory(id)) continue
    if (kind === 'change-request') continue
    const back = await restate(tx, { id, kind, from: is, to: was })
    // What is made anew is another object: whatever named the one that is gone would not name it.
    const { operations, isWhole, settingTags } = back && !back.isAnew ? back : { operations: [], isWhole: false }
    undone.push({ ...changed, operations, isWhole: isWhole && settingTags === undefined })
  }
  leaveDepending(undone)
  const left = undone.filter(({ isWhole }) => !isWhole).map(({ id }) => id)
  const made = subjects.flatMap(({ id, after }) => (after === undefined ? [] : [[id, after] as const]))
  return {
    operations: inOrder(undone.flatMap((one) => one.operations)),
    left,
    versions: Object.fromEntries(made),
    before: versionsBefore(subjects),
  }
}

export interface UndoneObject extends ChangedObject {
  readonly operations: readonly ProposedOperation[]
  readonly isWhole: boolean
}

/**
 * What depends on what is left is left too, else nothing of it could be undone: what is about an object that is gone and does not come
 * back, and the deletion of what an object that stays says it is in.
 */
export function leaveDepending(undone: UndoneObject[]): void {
  const deleted = new Map<string, number>()
  const naming = new Map<unknown, number[]>()
  for (const [at, { id, was, is, operations }] of undone.entries()) {
    if (was === undefined && is !== undefined) deleted.set(id, at)
    for (const value of new Set(operations.flatMap(({ input }) => Object.values(input)))) {
      const places = naming.get(value) ?? []
      places.push(at)
      naming.set(value, places)
    }
  }
  /** Each is looked at as it is left, and once more where the last of its operations goes later. */
  const left = [...undone.keys()].filter((at) => !undone[at]!.isWhole)
  const keep = (at: number, isKept: (operation: ProposedOperation) => boolean): void => {
    const one = undone[at]!
    const operations = one.operations.filter(isKept)
    if (operations.length === one.operations.length) return
    undone[at] = { ...one, operations, isWhole: false }
    left.push(at)
  }
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    const { id, was, is, operations } = undone[at]!
    if (is === undefined && operations.length === 0) {
      for (const place of naming.get(id) ?? []) keep(place, ({ input }) => !Object.values(input).includes(id))
    }
    if (is === undefined || was !== undefined) continue
    for (const name of namesIn(JSON.stringify(is))) {
      const place = name === id ? undefined : deleted.get(name)
      if (place !== undefined) keep(place, () => false)
    }
  }
}
/** What may be an id in a text: what stands between quotation marks, and each part of it, as of an ARN. */
function namesIn(text: string): ReadonlySet<string> {
  return new Set([/"/, /[^\w:.-]+/, /[^\w-]+/].flatMap((between) => text.split(between)))
}

/** Of a change that is tried: what would stay as it makes it. What is new goes by what it is, since its id is another one when it is made. */
export function leftBy({ left }: Inverse, subjects: readonly Subject[]): readonly string[] {
  const isNew = new Set(subjects.flatMap(({ id, before }) => (before === undefined ? [id] : [])))
  const named = left.map((id) => (isNew.has(id) && !isTargetId(id) ? (kindOf(id) ?? id) : id))
  return [...new Set(named)].slice(0, leftToldMax)
}
/** Of more, the first are told. */
const leftToldMax = 50

/** Behind a change that is tried: whether what would undo it is refused. That is told without its facts, which may be hidden from who reads it. */
export async function tryInverse(
  context: WriteContext,
  inverse: Inverse,
  undo: (context: WriteContext, operations: readonly ProposedOperation[]) => Promise<unknown>,
): Promise<RevertRefused | undefined> {
  const { operations } = inverse
  // What changes nothing needs no way back.
  if (operations.length === 0) return inverse.left.length === 0 ? undefined : { code: 'IncorrectState' }
  const ofControl = controlIn(inverse)
  if (ofControl) return { code: 'IncorrectState', operation: ofControl.operation }
  try {
    await context.tx.apart(() => undo(context, operations))
    return undefined
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { code, index } = error.refusal
    const refused = index === undefined ? undefined : operations[index]
    return { code, ...(refused ? { operation: refused.operation } : {}) }
  }
}

/** What says how changes are controlled is changed as it says, whatever was approved of the change that it was in: nothing undoes that. */
export const controlIn = ({ operations }: Inverse): ProposedOperation | undefined =>
  operations.find(({ operation, input }) => operation === 'updateIpam' && controlMembers.some((one) => one in input))
const controlMembers = ['changeControl', 'changeApprovals']

/** Nothing of these changes without a version; and of an account that was made, it is on record by whose request. */
const hasHistory = (id: string): boolean =>
  isTargetId(id) || id.startsWith('car-') || ['pool', 'policy', 'ipam', 'scope'].includes(kindOf(id) ?? '')
