// Scopes over the native API.
import { z } from 'zod'
import { nameKey } from '#model/tags.ts'
import type { Scope } from '#store/tables/ipams.ts'
import { nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import type { WithTags } from '../readable.ts'
import { nativeReadings } from '../readings.native.ts'
import { accountId, formatInstant, idText, instant, ipamName, nameShapes, scopeName } from '../shapes.native.ts'
import {
  allTags,
  description,
  labelsFrom,
  newDescription,
  newName,
  refuseNoChange,
  scopeType,
  shownName,
  shownTags,
  tagMap,
  tags,
} from '../space/shapes.native.ts'
import { ipamId } from './ipams.native.ts'
import { listScopes, readableIpams, readableScopes } from './readable.ts'
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

const readings = nativeReadings({
  kind: 'scope',
  filter: { ipamId: ipamName.optional().describe('Only those of this IPAM.') },
  output: scope,
  columns: ['scopeId', 'name', 'ipamId', 'scopeType', 'isDefault', 'description'],
  readable: readableScopes,
  list: (context, { ipamId }, asked) => listScopes(context, { ipamId }, asked),
  show,
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
  at: (context, { ipamId }) => readableIpams.placeOf(context, ipamId),
  async run(context, { ipamId, description, name, tags }) {
    const found = await readableIpams.get(context, ipamId)
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
  changes: readings.get,
  at: (context, { scopeId }) => readableScopes.placeOf(context, scopeId),
  async run(context, { scopeId, description, name, tags }) {
    refuseNoChange({ name, description, tags })
    const found = await readableScopes.get(context, scopeId)
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
  changes: readings.get,
  at: (context, { scopeId }) => readableScopes.placeOf(context, scopeId),
  async run(context, { scopeId }) {
    await remove(context, await readableScopes.get(context, scopeId))
  },
})

export const scopeOperations = [readings.list, readings.get, createScope, updateScope, deleteScope] as const

// Showing ------------------------------------------------------------------------------------------------------------

const showScope = async (context: ReadContext, made: Scope): Promise<z.output<typeof scope>> =>
  show(await readableScopes.describeOne(context, made))

function show({ row: found, tags: stored }: WithTags<Scope>): z.output<typeof scope> {
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
