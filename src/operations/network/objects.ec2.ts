// How the EC2 API lists records of networks: by their ids, by filters, page by page.
import type { NetworkObjectKind } from '#model/network-object.ts'
import type { Awaitable } from '#store/sql.ts'
import {
  type Filter,
  type FilterFields,
  filterBy,
  readTokenPage,
  refuseIdsWithPaging,
  type TagLike,
} from '../listing.aws.ts'
import type { ReadContext } from '../operation.ts'
import type { PageParams } from '../page-tokens.aws.ts'
import { describeInSteps, type ListedObject, type ObjectState, objectBounds, objectsOf } from './objects.ts'

interface ObjectsAsked extends PageParams {
  readonly Filters?: readonly Filter[]
}
interface ObjectsShown<Shown> {
  /** The parameter with ids, and what it has. */
  readonly ids: readonly [name: string, ids: readonly string[] | undefined]
  readonly fields: FilterFields<Shown>
  /** The filters by id and by VPC, where there are such. */
  readonly idFilter?: string
  readonly vpcFilter?: string
  show(states: readonly ObjectState[]): Awaitable<readonly Shown[]>
}

/** One page of the caller's objects of a kind. */
export async function describePage<Shown extends { readonly Tags?: readonly TagLike[] }>(
  context: ReadContext,
  input: ObjectsAsked,
  kind: NetworkObjectKind,
  { ids: [field, ids], fields, idFilter, vpcFilter, show }: ObjectsShown<Shown>,
): Promise<{ readonly items: Shown[]; readonly NextToken: string | undefined }> {
  refuseIdsWithPaging(ids, field, input)
  const matching = filterBy(context, input.Filters, fields, ({ Tags }) => Tags ?? [])
  return readTokenPage<ListedObject, Shown>(context, input, {
    read: await objectsOf(context, kind, {
      ids,
      someIds: exactly(input.Filters, idFilter),
      vpcIds: exactly(input.Filters, vpcFilter),
    }),
    placeOf: ({ id }) => id,
    bounds: objectBounds,
    async show(objects) {
      const found: (Shown | undefined)[] = []
      for await (const states of describeInSteps(context, objects)) {
        const shown = await show(states)
        const standing = shown.map((one, index) => (states[index]!.object.isGone ? undefined : one))
        found.push(...(await matching(standing)))
      }
      return found
    },
  })
}

/** What a filter asks for, where it names it whole: nothing else need be read then. */
export function exactly(
  filters: readonly Filter[] | undefined,
  name: string | undefined,
): readonly string[] | undefined {
  const values = filters?.find((filter) => filter.Name === name)?.Values
  return name !== undefined && values?.every((value) => !/[*?\\]/.test(value)) ? values : undefined
}
