// What a change that is tried makes of what is governed. Of one in stages that is looked at behind each of them: what a later stage undoes was in
// force until then, and may stay so, since a rollout can be halted at any time.
import { kindOf } from '#model/identifier.ts'
import { isAccountId } from '#model/organization.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import type { Subject } from '#store/subjects.ts'
import type { Scope } from '#store/tables/finding-scans.ts'
import type { Ruling } from '#store/tables/ipams.ts'
import { foresee } from '../finding/impact.ts'
import { distinctScopes } from '../finding/touched.ts'
import type { Need, ReachedNode, TriedWell, WriteContext } from '../operation.ts'
import type { Reach } from './asked-again.ts'
import { rulingOf, versionsBefore } from './control.ts'
import { inverseOf, inverseOfBoth, leftBy, noInverse, tryInverse } from './inverse.ts'
import { areAll, needsOfChange, nodesReachedBy } from './reached.ts'

type Undo = Parameters<typeof tryInverse>[2]
export interface Found
  extends Pick<TriedWell, 'rulings' | 'left' | 'revertRefused' | 'before' | 'nodes' | 'areAllNodes'> {
  /** The rules before the change and behind each of its stages, with what that stage reaches; with all that any of them does behind the last one. */
  readonly states: readonly Reach[]
}

/** Within the transaction of the try. */
export class Foreseeing {
  readonly #context: WriteContext
  readonly #before: Snapshot
  readonly #isOfSpace: boolean
  readonly #acts: number
  /** The rules behind the last stage, and the versions that objects had then. */
  #rules: Snapshot
  readonly #versions = new Map<string, Subject>()
  readonly #states: Reach[] = []
  readonly #nodes = new Map<string | undefined, Set<string>>()
  readonly #rulings = new Map<string, Ruling>()
  #inverse = noInverse

  private constructor(context: WriteContext, before: Snapshot, { isOfSpace }: { readonly isOfSpace: boolean }) {
    this.#context = context
    this.#before = before
    this.#rules = before
    this.#isOfSpace = isOfSpace
    this.#acts = context.tx.governingActs
  }
  /** @param how.isOfSpace false: what it would make of space, and what would undo it, is not looked at */
  static async begin(context: WriteContext, how: { readonly isOfSpace: boolean }): Promise<Foreseeing> {
    context.tx.subjects.begin()
    return new Foreseeing(context, await context.snapshot(), how)
  }
  get before(): Snapshot {
    return this.#before
  }
  /** Whether anything governed was changed by what is tried, and not only by the way. */
  get #isAct(): boolean {
    return this.#context.tx.governingActs !== this.#acts
  }

  /** Behind a stage. */
  async note(): Promise<void> {
    const { tx } = this.#context
    await this.#context.catchUp()
    const subjects = this.#changedSince(tx.subjects.acted())
    if (this.#isOfSpace) {
      this.#inverse = inverseOfBoth(this.#inverse, await inverseOf(tx, subjects), subjects)
    }
    const [before, after] = [this.#rules, await this.#context.snapshot()]
    if (before.epoch === after.epoch) return
    this.#rules = after
    if (this.#isAct) for (const ruling of await rulingOf(this.#context, subjects)) this.#rulings.set(ruling.id, ruling)
    if (!this.#isOfSpace) return
    const scopes = (await foresee(tx, before, after, subjects))?.scopes ?? []
    const pools = subjects.filter(({ id }) => kindOf(id) === 'pool').map(({ id }) => id)
    this.#states.push({ before: this.#before, after, scopes, pools })
    for (const node of await nodesReachedBy(tx, { before, after, subjects, scopes })) {
      const above = this.#nodes.get(node) ?? new Set()
      if (node !== undefined) for (const one of [before, after].flatMap((rules) => pathOf(rules, node))) above.add(one)
      this.#nodes.set(node, above)
    }
  }

  /** Behind all of it, as the last thing: what would undo it is done. */
  async end(needs: readonly Need[], undo: Undo | undefined): Promise<Found> {
    await this.note()
    const { tx } = this.#context
    const subjects = tx.subjects.acted()
    const rulings = await this.#rulingsOf(subjects)
    const nodes = [...this.#nodes].map(([node, above]): ReachedNode => ({ node, above: [...above] }))
    const found = {
      ...{ rulings, nodes },
      states: withAllBehindTheLast(this.#states),
      areAllNodes: await this.#areAll(nodes, needs),
      left: leftBy(this.#inverse, subjects),
      before: versionsBefore(subjects),
    }
    tx.subjects.begin()
    const isUndone = this.#isOfSpace && undo !== undefined
    return { ...found, revertRefused: isUndone ? await tryInverse(this.#context, this.#inverse, undo) : undefined }
  }

  /** What was only named has no other version than it had; what was gone is made anew. */
  #changedSince(all: readonly Subject[]): readonly Subject[] {
    const versions = this.#versions
    const changed: Subject[] = []
    for (const one of all) {
      const { id, before, after } = one
      const known = versions.get(id)
      const isNamedOnly = known !== undefined && known.before === undefined && known.after === undefined
      if (!known || (isNamedOnly && (before ?? after) !== undefined)) changed.push({ id, before, after })
      else if (known.after !== after) changed.push({ id, before: known.after, after })
      versions.set(id, one)
    }
    return changed
  }

  /** As they were before the change; of what a stage makes and a later one takes away again, as they were before that stage. */
  async #rulingsOf(subjects: readonly Subject[]): Promise<readonly Ruling[]> {
    if (!this.#isAct) return []
    const ofAll = await rulingOf(this.#context, subjects)
    const isNew = new Set(subjects.flatMap(({ id, before }) => (before === undefined ? [id] : [])))
    const known = new Set(ofAll.map(({ id }) => id))
    return [...ofAll, ...[...this.#rulings.values()].filter(({ id }) => !known.has(id) && !isNew.has(id))]
  }

  async #areAll(nodes: readonly ReachedNode[], needs: readonly Need[]): Promise<boolean> {
    if (nodes.length === 0) return false
    const reached = new Set(nodes.map(({ node }) => node))
    const acting = needsOfChange(needs).map(({ path }) => path.at(-1)!)
    const organization = await this.#context.tx.organizations.find()
    // Whose account acts is not reached by that alone; the management account belongs to no part.
    const beside = [organization?.managementAccount, ...acting].filter(
      (node) => node !== undefined && isAccountId(node),
    )
    const isBeside = new Set(beside.filter((node) => !reached.has(node)) as string[])
    const units = acting.filter((node) => !isAccountId(node))
    return areAll(this.#rules, new Set([...reached, ...units]), isBeside)
  }
}
/** What a stage reaches is as it was before until another one reaches it: behind the last one, all of it may be otherwise than before the change. */
function withAllBehindTheLast(states: readonly Reach[]): readonly Reach[] {
  const last = states.at(-1)
  if (!last) return []
  const scopes: readonly Scope[] = distinctScopes(states.flatMap((one) => one.scopes))
  const pools = [...new Set(states.flatMap((one) => one.pools))]
  return [...states.slice(0, -1), { ...last, scopes, pools }]
}
