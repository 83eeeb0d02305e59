// What a change request says, as one number that approvals are bound to.
import { hash } from 'node:crypto'
import type { ChangeWindow } from '#model/change-request.ts'
import type { Rollout } from '#model/change-rollout.ts'
import { orderedJson } from '#model/ordered-json.ts'

export interface SaidByRequest {
  readonly node: string
  readonly reason: string
  readonly operations: readonly object[]
  readonly window?: ChangeWindow | undefined
  readonly rollout?: Rollout | undefined
}
export const contentHashOf = ({ node, reason, operations, window, rollout }: SaidByRequest): string =>
  hash('sha256', orderedJson({ node, reason, operations, window, rollout })!, 'hex')
