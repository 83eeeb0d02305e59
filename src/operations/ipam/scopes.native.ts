// Scopes over the native API.
import { z } from 'zod'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import { nameKey } from '#model/tags.ts'
import type { Scope } from '#store/tables/ipams.ts'
import { type Place, permitter } from '../identity/authority.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  formatInstant,
  gatherPage,
  idText,
  instant,
  ipamName,
  nameShapes,
  pageOf,
  paging,
  scopeName,
} from '../shapes.native.ts'
import {
  allTags,
  description,
  labelsFrom,
  newDescription,
  newName,
  refuseMalformed,
  refuseNoChange,
  scopeType,
  shownName,
  shownTags,
  tagMap,
  tags,
} from '../space/shapes.native.ts'
import { findIpam, ipamId, placeOfIpam } from './ipams.native.ts'
import { createScope as create, deleteScope as remove, updateScope as update } from './scopes.ts'

export const scopeId = idText('scope').describe('`ipam-scope-…`.')
const scope = z.object({
  scopeId,
  name: shownName.optional(),
  ipamId,
  account: accountId,
  scopeType,
  isDefault: z.boolean(),
  description: description.optional(),
  tags: shownTags,
  createdAt: instant,
})
nameShapes({ Scope: scope })

export const listScopes = nativeRead({
  name: 'listScopes',
  summary: 'List scopes, as far as you may see them.',
  action: 'ipam:read',
  input: z.strictObject({ ...paging, ipamId: ipamName.optional().describe('Only those of this IPAM.') }),
  output: pageOf(scope),
  rest: { method: 'GET', path: '/scopes' },
  cli: 'scope list',
  columns: ['scopeId', 'name', 'ipamId', 'scopeType', 'isDefault', 'description'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { ipamId, ...params }) {
    const isPermitted = await permitter(context, 'ipam:read')
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.ipams.listScopes(ipamId === undefined ? undefined : [ipamId], after, limit),
      key: ({ id }) => id,
      async showAll(rows) {
        const tags = await context.tx.tags.ofMany(rows.map(({ id }) => id))
        return rows.map((row) => (isPermitted(row.account) ? describe(row, tags.get(row.id) ?? []) : undefined))
      },
    })
  },
})

export const getScope = nativeRead({
  name: 'getScope',
  summary: 'Show one scope.',
  action: 'ipam:read',
  input: z.strictObject({ scopeId: scopeName }),
  output: scope,
  rest: { method: 'GET', path: '/scopes/{scopeId}' },
  cli: 'scope show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfScope,
  run: async (context, input) => showScope(context, await findScope(context, input.scopeId)),
})

export const createScope = nativeWrite({
  name: 'createScope',
  summary: 'Make a private scope, in which addresses may stand that stand in others too.',
  action: 'ipam:manage',
  input: z.strictObject({
    ipamId: ipamName,
    name: newName.optional(),
    description: description.optional(),
    tags: tags.optional(),
  }),
  output: scope,
  rest: { method: 'POST', path: '/scopes', status: 201 },
  cli: 'scope create',
  refusals: ['NotFound', 'MalformedId', 'AlreadyExists', 'LimitExceeded', 'NotSupported'],
  at: placeOfIpam,
  async run(context, { ipamId, description, name, tags }) {
    const found = await findIpam(context, ipamId)
    return showScope(context, await create(context, found, { description, ...labelsFrom({ name, tags }) }))
  },
})

export const updateScope = nativeWrite({
  name: 'updateScope',
  summary: 'Name or describe a scope anew, or give it other tags.',
  action: 'ipam:manage',
  input: z.strictObject({
    scopeId: scopeName,
    name: newName.nullable().optional().describe('`null`: none.'),
    description: newDescription.optional(),
    tags: tags.optional().describe(allTags),
  }),
  output: scope,
  rest: { method: 'PATCH', path: '/scopes/{scopeId}' },
  cli: 'scope update',
  refusals: ['NotFound', 'MalformedId', 'AlreadyExists'],
  changes: getScope,
  at: placeOfScope,
  async run(context, { scopeId, description, name, tags }) {
    refuseNoChange({ name, description, tags })
    const found = await findScope(context, scopeId)
    return showScope(context, await update(context, found, { description, ...labelsFrom({ name, tags }) }))
  },
})

export const deleteScope = nativeWrite({
  name: 'deleteScope',
  summary: 'Delete a scope that has no pools; default scopes go with their IPAM.',
  action: 'ipam:manage',
  input: z.strictObject({ scopeId: scopeName }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/scopes/{scopeId}', status: 204 },
  cli: 'scope delete',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'DependencyViolation'],
  changes: getScope,
  at: placeOfScope,
  async run(context, { scopeId }) {
    await remove(context, await findScope(context, scopeId))
  },
})

export const scopeOperations = [listScopes, getScope, createScope, updateScope, deleteScope] as const

// Finding ------------------------------------------------------------------------------------------------------------

const absentScope = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-scope', id })
export async function findScope(context: ReadContext, id: string): Promise<Scope> {
  refuseMalformed('scope', 'ipam-scope', id, 'ipam-scope-...')
  return (await context.tx.ipams.findScope(id)) ?? refuse(absentScope(id))
}
export async function placeOfScope(context: ReadContext, input: { readonly scopeId: string }): Promise<Place> {
  return { node: (await findScope(context, input.scopeId)).account, absent: absentScope(input.scopeId) }
}

// Showing ------------------------------------------------------------------------------------------------------------

const showScope = async (context: ReadContext, found: Scope): Promise<z.output<typeof scope>> =>
  describe(found, await context.tx.tags.of(found.id))

function describe(found: Scope, stored: readonly Tag[]): z.output<typeof scope> {
  const tags = tagMap(stored)
  return {
    scopeId: found.id,
    name: tags[nameKey] || undefined,
    ipamId: found.ipamId,
    account: found.account,
    scopeType: found.kind,
    isDefault: found.isDefault,
    description: found.description,
    tags,
    createdAt: formatInstant(found.createdAt),
  }
}
