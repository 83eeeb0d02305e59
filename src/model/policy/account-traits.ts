// What conditions can tell accounts apart by, so that accounts for which the same conditions hold are one class.

import type { RuleCondition } from './document.ts'
import { pathOf, type Snapshot } from './snapshot.ts'

/** Of one node above accounts: what everything below it has, unless it says otherwise itself. */
interface Inherited {
  readonly units: string
  /** By the number of the tag's key; undefined where no node on the path has the tag. */
  readonly tags: readonly (string | undefined)[]
}

/** The lists that conditions ask for, numbered: equal ones are one. */
class Lists {
  readonly #numbers = new Map<string, number>()
  readonly #byMember = new Map<string, number[]>()

  add(members: readonly string[]): void {
    const text = JSON.stringify(members)
    if (this.#numbers.has(text)) return
    const number = this.#numbers.size
    this.#numbers.set(text, number)
    for (const member of new Set(members)) {
      const numbers = this.#byMember.get(member)
      if (numbers) numbers.push(number)
      else this.#byMember.set(member, [number])
    }
  }
  get isEmpty(): boolean {
    return this.#numbers.size === 0
  }
  /** The numbers of the lists that one of these is in, as text. */
  of(members: readonly string[]): string {
    const numbers = new Set(members.flatMap((member) => this.#byMember.get(member) ?? []))
    return [...numbers].sort((a, b) => a - b).join(' ')
  }
  ofOne(member: string): string {
    return this.#byMember.get(member)?.join(' ') ?? ''
  }
}

/**
 * Tells of each account which parts of some conditions hold for it. What is asked of the nodes above accounts is asked
 * once for each of them, so that an account costs a few look-ups, however many conditions and levels there are.
 */
export class AccountTraits {
  readonly #snapshot: Snapshot
  readonly #accounts = new Lists()
  readonly #units = new Lists()
  readonly #tags = new Map<string, Lists>()
  readonly #inherited = new Map<string, Inherited>()
  readonly #isBlind: boolean

  constructor(snapshot: Snapshot, conditions: readonly RuleCondition[]) {
    this.#snapshot = snapshot
    for (const { accounts, organizationalUnits, tags = [] } of conditions) {
      if (accounts) this.#accounts.add(accounts)
      if (organizationalUnits) this.#units.add(organizationalUnits)
      for (const { key, values } of tags) {
        const lists = this.#tags.get(key) ?? new Lists()
        lists.add(values)
        this.#tags.set(key, lists)
      }
    }
    this.#isBlind = this.#accounts.isEmpty && this.#units.isEmpty && this.#tags.size === 0
  }

  /** Equal only for accounts of which every part of the conditions holds for both or for neither. */
  signatureOf(account: string): string {
    if (this.#isBlind) return ''
    const node = this.#snapshot.nodes.get(account)
    const above = node?.parentId === undefined ? undefined : this.#inheritedFrom(node.parentId)
    let tags = ''
    let number = 0
    for (const [key, lists] of this.#tags) {
      const value = node?.tags?.get(key) ?? above?.tags[number]
      tags += value === undefined ? '/' : `/${lists.ofOne(value)}`
      number++
    }
    return `${this.#accounts.ofOne(account)}/${this.#units.ofOne(account)}/${above?.units ?? ''}${tags}`
  }

  #inheritedFrom(node: string): Inherited {
    const known = this.#inherited.get(node)
    if (known) return known
    const path = pathOf(this.#snapshot, node)
    const nodes = path.map((id) => this.#snapshot.nodes.get(id))
    const inherited = {
      units: this.#units.of(path),
      tags: [...this.#tags.keys()].map((key) => nodes.findLast((above) => above?.tags?.has(key))?.tags?.get(key)),
    }
    this.#inherited.set(node, inherited)
    return inherited
  }
}
