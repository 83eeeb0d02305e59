// What space can be asked for: of every form that asks, once in a while.
import { api } from './client.ts'
import { treeRowsMax } from './lists.ts'
import { ask } from './queries.ts'

export const resourceTypes = {
  ...ask(['resource-types'], (signal) =>
    api.GET('/resource-types', { params: { query: { limit: treeRowsMax } }, signal }),
  ),
  staleTime: 300_000,
}
