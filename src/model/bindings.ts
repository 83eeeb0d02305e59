// All role bindings of a snapshot, found by whom they are for.
import { type Changes, type Collection, Overlaid } from './overlaid.ts'
import { everywhere, type RoleBinding } from './roles.ts'
import { exchanged } from './sorted.ts'
import { eachInSteps, type Steps } from './steps.ts'

type ByPrincipal = Overlaid<string, readonly RoleBinding[]>

export class Bindings implements Collection<RoleBinding, Bindings> {
  readonly #byId: Overlaid<string, RoleBinding>
  readonly #byPrincipal: ByPrincipal

  private constructor(byId: Overlaid<string, RoleBinding>, byPrincipal: ByPrincipal) {
    this.#byId = byId
    this.#byPrincipal = byPrincipal
  }
  static *collect(byId: ReadonlyMap<string, RoleBinding>): Steps<Bindings> {
    const byPrincipal = new Map<string, RoleBinding[]>()
    yield* eachInSteps(byId.values(), (binding) => {
      const own = byPrincipal.get(binding.principal)
      if (own) own.push(binding)
      else byPrincipal.set(binding.principal, [binding])
    })
    yield* eachInSteps(byPrincipal.values(), (own) => own.sort(byIdOrder))
    return new Bindings(new Overlaid(byId), new Overlaid(byPrincipal))
  }

  get overlaid(): number {
    return this.#byId.overlaid
  }
  with(changed: Changes<string, RoleBinding>): Bindings {
    const added = [...changed.values()].filter((binding) => binding !== undefined)
    const former = [...changed.keys()].map((id) => this.#byId.get(id)).filter((binding) => binding !== undefined)
    const lists = new Map<string, readonly RoleBinding[] | undefined>()
    for (const principal of new Set([...added, ...former].map((binding) => binding.principal))) {
      const isOwn = (binding: RoleBinding) => binding.principal === principal
      const own = exchanged(this.of(principal), { former: former.filter(isOwn), added: added.filter(isOwn) }, byIdOrder)
      lists.set(principal, own.length === 0 ? undefined : own)
    }
    return new Bindings(this.#byId.with(changed), this.#byPrincipal.with(lists))
  }
  get(id: string): RoleBinding | undefined {
    return this.#byId.get(id)
  }
  /** In the order of their ids. */
  of(principal: string): readonly RoleBinding[] {
    return this.#byPrincipal.get(principal) ?? none
  }
  ofAll(principals: Iterable<string>): readonly RoleBinding[] {
    return [...principals].flatMap((principal) => this.of(principal))
  }
  /**
   * Those that can speak of a path: bound to one of its nodes or everywhere. What somebody has elsewhere costs no question: others may bind
   * them to thousands of nodes.
   */
  onPath(principals: Iterable<string>, path: readonly string[]): readonly RoleBinding[] {
    const found: RoleBinding[] = []
    for (const principal of principals) {
      const byNode = nodesOf(this.of(principal))
      // The path of `*` is `*` alone. In the order of their ids, so that of several the same one is told.
      const own = [...new Set([everywhere, ...path])].flatMap((node) => byNode.get(node) ?? none)
      found.push(...own.sort(byIdOrder))
    }
    return found
  }
  principals(): MapIterator<string> {
    return this.#byPrincipal.keys()
  }
  values(): MapIterator<RoleBinding> {
    return this.#byId.values()
  }
  [Symbol.iterator](): MapIterator<[string, RoleBinding]> {
    return this.#byId.entries()
  }
}

const none: readonly RoleBinding[] = []
const byIdOrder = (a: RoleBinding, b: RoleBinding): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** By the node of each, made once of a list: one that has changed is another list. */
function nodesOf(own: readonly RoleBinding[]): ReadonlyMap<string, readonly RoleBinding[]> {
  const known = byNodes.get(own)
  if (known) return known
  const found = Map.groupBy(own, ({ node }) => node)
  byNodes.set(own, found)
  return found
}
const byNodes = new WeakMap<readonly RoleBinding[], ReadonlyMap<string, readonly RoleBinding[]>>()
