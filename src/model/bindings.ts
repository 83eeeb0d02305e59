// All role bindings of a snapshot, found by whom they are for.
import { type Changes, type Collection, Overlaid } from './overlaid.ts'
import type { RoleBinding } from './roles.ts'
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
      const kept = this.of(principal).filter(({ id }) => !changed.has(id))
      const own = [...kept, ...added.filter((binding) => binding.principal === principal)].sort(byIdOrder)
      lists.set(principal, own.length === 0 ? undefined : own)
    }
    return new Bindings(this.#byId.with(changed), this.#byPrincipal.with(lists))
  }
  get(id: string): RoleBinding | undefined {
    return this.#byId.get(id)
  }
  /** In the order of their ids. */
  of(principal: string): readonly RoleBinding[] {
    return this.#byPrincipal.get(principal) ?? []
  }
  ofAll(principals: Iterable<string>): readonly RoleBinding[] {
    return [...principals].flatMap((principal) => this.of(principal))
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

const byIdOrder = (a: RoleBinding, b: RoleBinding): number => (a.id < b.id ? -1 : 1)
