// The organization tree: a root, organizational units and accounts; its shape, its names, and what may move where.

import type { Problem } from './problems/problem.ts'
import { alikeProblem, textProblem } from './text.ts'

export interface OrganizationNode {
  readonly id: string
  readonly kind: 'root' | 'organizational-unit' | 'account'
  /** Undefined for the root alone. */
  readonly parentId?: string
}

export type Tree = ReadonlyMap<string, OrganizationNode>

/** AWS Organizations: units can be nested five levels deep under the root. */
export const unitDepthMax = 5
/** AWS Organizations: 1 to 128 characters for a unit's name, 1 to 50 for an account's. */
export const unitNameCharactersMax = 128
export const accountNameCharactersMax = 50
export const emailCharactersMax = 64
export const cloudCharactersMax = 32
export const externalIdCharactersMax = 128
export const contactCharactersMax = 256

/** What stands in the way of a move or a new node; `inside-itself` also where it is moved to itself. */
export type MoveProblem =
  | 'no-such-node'
  | 'no-such-parent'
  | 'parent-is-account'
  | 'root-stays'
  | 'inside-itself'
  | 'too-deep'

export const treeOf = (nodes: readonly OrganizationNode[]): Tree => new Map(nodes.map((node) => [node.id, node]))

/** Root, units, node, in this order; empty where the node is not in the tree. */
export function pathTo(tree: Tree, id: string): readonly OrganizationNode[] {
  const path: OrganizationNode[] = []
  let node = tree.get(id)
  while (node && path.length <= unitDepthMax + 2) {
    path.push(node)
    node = node.parentId === undefined ? undefined : tree.get(node.parentId)
  }
  return path.reverse()
}

export const childrenOf = (tree: Tree, id: string): readonly OrganizationNode[] =>
  [...tree.values()].filter(({ parentId }) => parentId === id)

/** The accounts anywhere below a node, or the node itself where it is one. */
export function accountsBelow(tree: Tree, id: string): readonly OrganizationNode[] {
  return [...tree.values()].filter(
    (node) => node.kind === 'account' && pathTo(tree, node.id).some((ancestor) => ancestor.id === id),
  )
}

/** Whether a node may be moved under another parent. Moving it to where it is already is for the caller to notice. */
export function canMove(tree: Tree, id: string, parentId: string): MoveProblem | undefined {
  const node = tree.get(id)
  if (!node) return 'no-such-node'
  if (node.kind === 'root') return 'root-stays'
  const problem = parentProblem(tree, parentId)
  if (problem) return problem
  if (pathTo(tree, parentId).some((ancestor) => ancestor.id === id)) return 'inside-itself'
  const units = unitsOn(tree, parentId) + unitLevels(tree, node)
  return units > unitDepthMax ? 'too-deep' : undefined
}

/** Whether a new unit or account may be made under a parent. */
export function canAdd(tree: Tree, kind: 'organizational-unit' | 'account', parentId: string): MoveProblem | undefined {
  const problem = parentProblem(tree, parentId)
  if (problem) return problem
  return kind === 'organizational-unit' && unitsOn(tree, parentId) >= unitDepthMax ? 'too-deep' : undefined
}

/** What is wrong with a unit's name; undefined where nothing is. */
export function unitNameProblem(name: string): Problem | undefined {
  return textProblem(name, unitNameCharactersMax)
}

/** What is wrong with an account's name; undefined where nothing is. AWS: printable ASCII. */
export function accountNameProblem(name: string): Problem | undefined {
  const problem = textProblem(name, accountNameCharactersMax)
  if (problem) return problem
  return /^[ -~]+$/.test(name) ? undefined : { why: 'not-ascii' }
}

/** AWS Organizations: 6 to 64 characters, something on both sides of one `@`, no spaces. */
export function emailProblem(email: string): Problem | undefined {
  if (email.length < 6 || email.length > emailCharactersMax) return { why: 'email-length', max: emailCharactersMax }
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? alikeProblem(email) : { why: 'no-email' }
}

/** What is wrong with the name of a cloud, which is written as in locales; undefined where nothing is. */
export const cloudProblem = (cloud: string): Problem | undefined =>
  /^[a-z0-9-]{1,32}$/.test(cloud) ? undefined : { why: 'no-cloud' }

/** As it is kept and compared: GUIDs do not tell upper from lower case. */
export const canonicalExternalId = (text: string): string => (guidPattern.test(text) ? text.toLowerCase() : text)

/** What is wrong with an id that an account has in its cloud; undefined where nothing is. */
export function externalIdProblem(cloud: string, externalId: string): Problem | undefined {
  if (hasExternalShape(cloud)) {
    return externalShapes[cloud].test(externalId) ? undefined : { why: 'no-external-id', cloud }
  }
  const problem = textProblem(externalId, externalIdCharactersMax)
  if (problem) return problem
  return isTargetId(externalId) || externalId === '*' ? { why: 'means-something-else' } : undefined
}

/** What is wrong with a contact; undefined where nothing is. */
export const contactProblem = (contact: string): Problem | undefined => textProblem(contact, contactCharactersMax)

const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const externalShapes = {
  aws: /^\d{12}$/,
  azure: guidPattern,
  gcp: /^([a-z0-9][a-z0-9.-]{0,61}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
} as const
const hasExternalShape = (cloud: string): cloud is keyof typeof externalShapes => Object.hasOwn(externalShapes, cloud)

export const isAccountId = (text: string): boolean => /^\d{12}$/.test(text)
/** As in the service model: `r-` and 4 to 32 lower-case letters or digits. */
export const isRootId = (text: string): boolean => /^r-[0-9a-z]{4,32}$/.test(text)
/** As in the service model: `ou-`, the root's 4 to 32 characters, a dash, 8 to 32 more. */
export const isUnitId = (text: string): boolean => /^ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}$/.test(text)
/** What a policy can be enabled on and a pool be shared with. */
export const isTargetId = (text: string): boolean => isAccountId(text) || isUnitId(text) || isRootId(text)

function parentProblem(tree: Tree, parentId: string): MoveProblem | undefined {
  const parent = tree.get(parentId)
  if (!parent) return 'no-such-parent'
  return parent.kind === 'account' ? 'parent-is-account' : undefined
}

const unitsOn = (tree: Tree, id: string): number =>
  pathTo(tree, id).filter(({ kind }) => kind === 'organizational-unit').length

/** How many levels of units a subtree has, its top included. */
function unitLevels(tree: Tree, node: OrganizationNode): number {
  if (node.kind === 'account') return 0
  return 1 + Math.max(0, ...childrenOf(tree, node.id).map((child) => unitLevels(tree, child)))
}
