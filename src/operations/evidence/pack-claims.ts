// What lines of a pack say beside proven records: whether the records bear it out. So who forges such a line is found, even with the key that
// signs packs: it would need another record, which is in no tree that was signed.
import { hash } from 'node:crypto'
import type { Proven } from '#model/evidence/proven.ts'
import { canonicalText, type PolicyVersion } from '#model/policy/document.ts'
import { contentHashOf, type SaidByRequest } from '../governance/content-hash.ts'

type Body = Readonly<Record<string, unknown>>

/** The proven versions of objects, as far as lines refer to them. */
export class Claims {
  readonly #proven = {
    /** Policies by their ids, with the number and the hash of what they say. */
    policies: new Set<string>(),
    /** What is hashed of a request beside its operations, by its id and that hash. */
    requests: new Map<string, Body>(),
  }

  /** Takes a version from a record that is proven; whether it is there. */
  take(objectId: string, version: number, { versions }: Proven): boolean {
    const facts = versions.find(({ facts }) => facts.objectId === objectId && facts.version === version)?.facts
    if (!facts) return false
    const body = JSON.parse(facts.body) as Body
    if (facts.kind === 'ipam-policy')
      this.#proven.policies.add(keyOf(objectId, String(body.version), String(body.contentHash)))
    if (facts.kind === 'change-request') {
      const { node, reason, window, rollout } = body
      this.#proven.requests.set(keyOf(objectId, String(body.contentHash)), { node, reason, window, rollout })
    }
    return true
  }

  /** Whether a policy says that, by a version that was in force. */
  isPolicy({ policyId, version, body }: { policyId: string; version: number; body: string }): boolean {
    return isSo(() => {
      const contentHash = hash('sha256', canonicalText(JSON.parse(body) as PolicyVersion), 'hex')
      return this.#proven.policies.has(keyOf(policyId, String(version), contentHash))
    })
  }
  /** Whether a request said that. */
  isContent({ changeRequestId, contentHash, operations, bindings }: ContentClaim): boolean {
    const beside = this.#proven.requests.get(keyOf(changeRequestId, contentHash))
    return (
      beside !== undefined &&
      isSo(() => contentHashOf({ ...beside, operations, bindings } as unknown as SaidByRequest) === contentHash)
    )
  }
}
interface ContentClaim {
  readonly changeRequestId: string
  readonly contentHash: string
  readonly operations: readonly object[]
  readonly bindings?: readonly object[] | undefined
}

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts)
function isSo(look: () => boolean): boolean {
  try {
    return look()
  } catch {
    // It lacks members that such a text has: whoever wrote it, it was not us.
    return false
  }
}
