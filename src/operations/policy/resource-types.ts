// The registry of resource types: what is built in, and what administrators add for clouds and devices of their own.
import { addedTypeProblem, builtInTypes, type ResourceType } from '#model/policy/resource-types.ts'
import { factsOfNaming, policiesNaming } from '#model/policy/snapshot.ts'
import type { Problem } from '#model/problems/problem.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { type Page, type PageAsked, readFrom, readPage } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'

/** Our own bound: every snapshot holds all of them. */
const addedTypesMax = 1_000
/** Of policies, in a refusal. */
const namesMax = 5

/** The registry in order of names. */
export async function listResourceTypes(
  context: ReadContext,
  asked: PageAsked<string>,
): Promise<Page<ResourceType, string>> {
  const { resourceTypes } = await context.snapshot()
  const all = [...resourceTypes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return readPage(context, asked, {
    read: readFrom(all, ({ name }, place) => name > place),
    placeOf: ({ name }) => name,
    show: (rows) => rows,
  })
}

/** Adds a type for a cloud or device of one's own. */
export async function addResourceType(context: WriteContext, type: ResourceType): Promise<void> {
  const wrong = addedTypeProblem(type)
  if (wrong) refuseValue(wrong.field, wrong.value, wrong.problem)
  const added = await context.tx.resourceTypes.all()
  if (added.some(({ type: { name } }) => name === type.name)) {
    refuse({ code: 'AlreadyExists', what: 'resource-type', problem: { why: 'type-there', name: type.name } })
  }
  if (added.length >= addedTypesMax) {
    refuse({ code: 'LimitExceeded', what: { of: 'resource-types' }, limit: addedTypesMax, used: added.length })
  }
  await context.tx.resourceTypes.insert({ type, createdAt: context.now })
  await recordVersion(context, type.name, type)
}

/** Deletes a type that was added and that nothing uses. */
export async function deleteResourceType(context: WriteContext, id: string): Promise<void> {
  await getResourceType(context, id)
  if (builtInTypes.has(id)) {
    const because = { why: 'came-with-program' } as const
    refuse({ code: 'NotSupported', what: { feature: 'deleting', id }, because })
  }
  await refuseUsed(context, id)
  await context.tx.resourceTypes.delete(id)
  await recordVersion(context, id, undefined)
}

const absent = (id: string): Refusal => ({ code: 'NotFound', what: 'resource-type', id })
/** A type of the registry. */
export async function getResourceType(context: ReadContext, id: string): Promise<ResourceType> {
  return (await context.snapshot()).resourceTypes.get(id) ?? refuse(absent(id))
}

async function refuseUsed(context: WriteContext, id: string): Promise<void> {
  const naming = policiesNaming(await context.snapshot(), (document) => document.resourceType === id)
  const refuseDependency = (problem: Problem): never =>
    refuse({ code: 'DependencyViolation', what: 'resource-type', id, problem })
  if (naming.length > 0) {
    refuseDependency({ why: 'policies-have-documents', policies: naming.slice(0, namesMax).map(factsOfNaming) })
  }
  if (await context.tx.exceptions.isOpenFor(id)) refuseDependency({ why: 'exceptions-not-over' })
  if (await context.tx.resourceTypes.isHeld(id, context.now)) refuseDependency({ why: 'space-of-type' })
}

/** Puts the type as it is now into the history. */
async function recordVersion(context: WriteContext, id: string, type: ResourceType | undefined): Promise<void> {
  await context.tx.history.changed({ id, kind: 'resource-type', account: context.caller.account }, type)
  context.changed(id)
  await context.governanceChanged()
}
