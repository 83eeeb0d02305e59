// What the pages of one source read, and what is done with its differences.
import type { Action } from '#model/roles.ts'
import { answer, api, type Schemas } from '../../api/client.ts'
import { pageRows, taken } from '../../api/lists.ts'
import { ask, type Read } from '../../api/queries.ts'
import type { operations } from '../../api/types.generated.ts'

type QueryOf<N extends keyof operations> = NonNullable<operations[N]['parameters']['query']>
export type Difference = Schemas['Difference']
export type Acted = Schemas['ActedDifference']
export type Snapshot = Schemas['Snapshot']
export type Source = Schemas['Source']

export const source = (sourceId: string) =>
  ask(['source', sourceId], (signal) => api.GET('/sources/{sourceId}', { params: { path: { sourceId } }, signal }))
export const counts = (sourceId: string) =>
  ask(['difference-counts', sourceId], (signal) =>
    api.GET('/sources/{sourceId}/difference-counts', { params: { path: { sourceId } }, signal }),
  )
export const snapshots = (sourceId: string, params: URLSearchParams) => {
  const query = { limit: 10, ...taken(params) } as QueryOf<'listSnapshots'>
  return ask(['snapshots', sourceId, query], (signal) =>
    api.GET('/sources/{sourceId}/snapshots', { params: { path: { sourceId }, query }, signal }),
  )
}
export const snapshot = (sourceId: string, number: string) =>
  ask(['snapshot', sourceId, number], (signal) =>
    api.GET('/sources/{sourceId}/snapshots/{snapshot}', {
      params: { path: { sourceId, snapshot: Number(number) } },
      signal,
    }),
  )

/** Filters of differences, which the address of the page, the request and what is done with all of them have alike. */
export const differenceNames = ['difference', 'policy', 'state', 'kind', 'account', 'locale', 'within'] as const
export const differenceList = (sourceId: string, params: URLSearchParams) => {
  const query = { limit: pageRows, ...taken(params, ...differenceNames) } as QueryOf<'listDifferences'>
  return ask(['differences', sourceId, query], (signal) =>
    api.GET('/sources/{sourceId}/differences', { params: { path: { sourceId }, query }, signal }),
  )
}
export const difference = (sourceId: string, differenceId: string) =>
  ask(['difference', sourceId, differenceId], (signal) =>
    api.GET('/sources/{sourceId}/differences/{differenceId}', { params: { path: { sourceId, differenceId } }, signal }),
  )

// Acting -------------------------------------------------------------------------------------------------------------

export const acts = ['adopt', 'ignore', 'release', 'ask'] as const
export type ActName = (typeof acts)[number]
export const isActName = (text: string | undefined): text is ActName => acts.some((one) => one === text)
/** What each needs at the node of the source. */
export const rightOf = {
  adopt: 'estate:adopt',
  release: 'estate:adopt',
  ignore: 'estate:read',
  ask: 'estate:manage',
} as const satisfies Record<ActName, Action>
/** What adopting takes in place of what the source says. */
export const specNames = ['poolId', 'resourceType', 'placeLocale'] as const

export interface ActInput {
  readonly reason?: string
  readonly until?: string
  readonly note?: string
}
/** So many are done in one request, which is one transaction. */
export const actedAtOnce = 50
/** Of a filter so many requests are made for one preview: what is behind them is done after these. */
const partsMax = 20

const call = (
  act: ActName,
  sourceId: string,
  selection: object,
  { reason = '', until = '', note }: ActInput,
  isDryRun: boolean,
): Promise<Schemas['ActedPart']> => {
  const params = { path: { sourceId }, query: isDryRun ? ({ dryRun: 'true' } as const) : {} }
  switch (act) {
    case 'adopt':
      return answer(api.POST('/sources/{sourceId}/differences/adopt', { params, body: { ...selection } }))
    case 'release':
      return answer(api.POST('/sources/{sourceId}/differences/release', { params, body: { ...selection } }))
    case 'ignore':
      return answer(
        api.POST('/sources/{sourceId}/differences/ignore', { params, body: { ...selection, reason, until } }),
      )
    case 'ask':
      return answer(
        api.POST('/sources/{sourceId}/differences/ask', {
          params,
          body: { ...selection, ...(note === undefined || note === '' ? {} : { note }) },
        }),
      )
  }
}

export interface Preview {
  readonly items: readonly Acted[]
  /** There is more of what the filter finds. */
  readonly isCut: boolean
}
/** What would become of those that the address names as they were shown, or of all that its filter finds. Nothing is changed. */
export const preview = (act: ActName, sourceId: string, params: URLSearchParams): Read<Preview> => {
  const spec = act === 'adopt' ? taken(params, ...specNames) : {}
  const { cursor: _, ...filter } = taken(params, ...differenceNames)
  const shown = params.getAll('shown')
  const key = { spec, filter, shown }
  // What setting aside takes is asked for once the preview was seen.
  const trial = { reason: 'A preview', until: new Date(Date.now() + 86_400_000).toISOString() }
  return {
    queryKey: ['difference-preview', sourceId, act, key],
    staleTime: Number.POSITIVE_INFINITY,
    async queryFn() {
      const found = new Map<string, Acted>()
      const add = (items: readonly Acted[]): void => {
        for (const one of items) if (!found.has(one.differenceId)) found.set(one.differenceId, one)
      }
      if (shown.length > 0) {
        for (let from = 0; from < shown.length; from += actedAtOnce) {
          const part = { ...spec, shown: shown.slice(from, from + actedAtOnce) }
          add((await call(act, sourceId, part, trial, true)).items)
        }
        return { items: [...found.values()], isCut: false }
      }
      const isAll = Object.keys(filter).every((name) => name === 'state')
      let after: string | undefined
      for (let part = 0; part < partsMax; part++) {
        const selection = { ...spec, ...filter, ...(isAll ? { everything: true } : {}), ...(after ? { after } : {}) }
        const { items, next } = await call(act, sourceId, selection, trial, true)
        add(items)
        if (next === undefined) return { items: [...found.values()], isCut: false }
        after = next
      }
      return { items: [...found.values()], isCut: true }
    },
  }
}
export const isDoable = ({ outcome }: Acted): boolean => outcome !== 'refused' && outcome !== 'unchanged'

/** Does what was shown, a part at a time; what has changed meanwhile is refused, item by item. */
export async function actOn(
  act: ActName,
  sourceId: string,
  params: URLSearchParams,
  { items, input, progress }: { items: readonly Acted[]; input: ActInput; progress: (done: number) => boolean },
): Promise<readonly Acted[]> {
  const spec = act === 'adopt' ? taken(params, ...specNames) : {}
  const shown = items.flatMap((one) => one.shown ?? [])
  const done: Acted[] = []
  for (let from = 0; from < shown.length; from += actedAtOnce) {
    if (!progress(from)) break
    const selection = { ...spec, shown: shown.slice(from, from + actedAtOnce) }
    done.push(...(await call(act, sourceId, selection, input, false)).items)
  }
  return done
}
