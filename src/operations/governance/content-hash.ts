// What a change request says, as one number that approvals are bound to.
import { hash } from 'node:crypto'
import type { ChangeWindow } from '#model/change-request.ts'
import type { Rollout } from '#model/change-rollout.ts'
import { orderedJson } from '#model/ordered-json.ts'
import type { Binding } from './proposed.ts'

export interface SaidByRequest {
  readonly node: string
  readonly reason: string
  readonly operations: readonly object[]
  readonly window?: ChangeWindow | undefined
  readonly rollout?: Rollout | undefined
  /** What it refers to; undefined of a draft, of which that is not known yet. */
  readonly bindings?: readonly Binding[] | undefined
}
export const contentHashOf = ({ node, reason, operations, window, rollout, bindings }: SaidByRequest): string =>
  hash('sha256', orderedJson({ node, reason, operations, window, rollout, bindings })!, 'hex')
