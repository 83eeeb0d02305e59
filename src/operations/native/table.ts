// All operations of the native API: what is not here does not exist there.
import type { NativeOperation } from './definition.ts'
import { createRoleBinding, deleteRoleBinding, getRoleBinding, listRoleBindings, listRoles } from './roles.ts'
import { createToken, listTokens, revokeToken, whoAmI } from './tokens.ts'

export interface Noun {
  /** The heading in the reference and the tag in OpenAPI. */
  readonly name: string
  readonly summary: string
  readonly operations: readonly NativeOperation[]
}

export const nouns: readonly Noun[] = [
  {
    name: 'Tokens',
    summary: 'Who you are, and the tokens that say so.',
    operations: [whoAmI, listTokens, createToken, revokeToken],
  },
  {
    name: 'Roles',
    summary: 'Who may do what where.',
    operations: [listRoles, listRoleBindings, getRoleBinding, createRoleBinding, deleteRoleBinding],
  },
]

export const nativeOperations: readonly NativeOperation[] = nouns.flatMap(({ operations }) => operations)
