// What the operations of a list call what those before them make: by labels as somebody writes it, and by references once it was tried.
import { isIdLike } from '#model/name.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { WriteContext } from '../operation.ts'
import type { Answered, Binding, ProposedOperation } from './proposed.ts'

/** What those before have made, and what later ones call it. */
export class ListTerms {
  readonly made: Answered[]
  /** By the id, or the version of a policy, where it stands in what was made. */
  readonly #references: Map<string, string>
  readonly #labels: ReadonlyMap<string, number>
  /** By the policy, the number of its last version before this list. */
  readonly #versionsBefore: Map<string, number>

  constructor(operations: readonly ProposedOperation[], made: readonly Answered[]) {
    this.made = [...made]
    const [references, versionsBefore, labels] = [new Map(), new Map(), new Map<string, number>()]
    this.#references = references
    this.#versionsBefore = versionsBefore
    for (const [index, { as }] of operations.entries()) {
      if (as === undefined) continue
      if (labels.has(as)) refuse({ ...labelled(as, 'label-taken'), index })
      labels.set(as, index)
    }
    this.#labels = labels
  }
  add(index: number, answer: object): void {
    const ids = Object.entries(answer).filter(([, value]) => typeof value === 'string' && isIdLike(value))
    const { policyId, version } = answer as Versioned
    const isOfVersion = policyId !== undefined && typeof version === 'number'
    this.made[index] = { ...Object.fromEntries(ids), ...(isOfVersion ? { version: String(version) } : {}) }
    for (const [member, id] of ids) this.#refer(id, `$${index}.${member}`)
    if (isOfVersion && version > (this.#versionsBefore.get(policyId) ?? version)) {
      this.#refer(versionKey(policyId, version), `$${index}.version`)
    }
  }
  #refer(key: string, reference: string): void {
    if (!this.#references.has(key)) this.#references.set(key, reference)
  }
  /** An id that is there only once this list is done is told by the operation that makes it. */
  referenceTo(id: string): string {
    return this.#references.get(id) ?? id
  }
  idOf(reference: string): string {
    const [, index, member] = /^\$(\d+)\.(\w+)$/.exec(reference) ?? []
    return index === undefined ? reference : (memberOf(this.made[Number(index)], member!) ?? reference)
  }
  /** What was looked at, where it is the list itself that has made it: told by the operation that does. */
  inItsTerms({ policyId }: Versioned, pins: Pins): Pins {
    const term = (value: string) => this.#references.get(versionKey(policyId, value)) ?? value
    return Object.fromEntries(Object.entries(pins).map(([member, value]) => [member, term(value)]))
  }
  valuesOf(pins: Pins | undefined): Pins | undefined {
    return pins && Object.fromEntries(Object.entries(pins).map(([member, value]) => [member, this.idOf(value)]))
  }
  /**
   * The number of a version that the list itself makes is another one where somebody writes a version before the list is made: it has to be
   * told by a label. That of any other version is always the same one's.
   */
  async refuseOwnVersion({ tx }: WriteContext, { policyId, version }: Versioned, { version: said }: Versioned) {
    if (policyId === undefined) return
    const before = this.#versionsBefore.get(policyId) ?? (await tx.policies.highestVersion(policyId))
    this.#versionsBefore.set(policyId, before)
    if (version === undefined || Number(version) <= before || labelReference.test(String(said))) return
    if (Number(version) > (await tx.policies.highestVersion(policyId))) return
    refuseValue('version', Number(version), { why: 'version-of-list' })
  }
  /** What begins like a label is one: a name that begins so would be taken for what somebody else has called so. */
  meant(index: number, text: string): string {
    const [, label, member] = labelReference.exec(text) ?? []
    if (label === undefined) return text
    const made = this.#labels.get(label)
    if (made === undefined || made >= index) refuse(labelled(text, 'no-such-label'))
    const answer = this.made[made]!
    const id = member === undefined ? Object.values(answer)[0] : memberOf(answer, member)
    return id ?? refuse(labelled(text, 'no-such-member'))
  }
}
export type Pins = NonNullable<Binding['pins']>
interface Versioned {
  readonly policyId?: string
  readonly version?: unknown
}
const versionKey = (policyId: string | undefined, version: unknown): string => `${policyId}/${version}`
/** Only what it has of its own: a label that says `constructor` means nothing. */
const memberOf = (answer: Answered | undefined, member: string): string | undefined =>
  answer !== undefined && Object.hasOwn(answer, member) ? answer[member] : undefined
export const labelReference = /^\$([A-Za-z][A-Za-z0-9_-]*)(?:\.(\w+))?$/
const labelled = (value: string, why: 'label-taken' | 'no-such-label' | 'no-such-member') =>
  ({ code: 'InvalidParameterValue', field: 'input', value, problem: { why } satisfies Problem }) as const
