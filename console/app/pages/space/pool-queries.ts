// What pages ask of one pool.
import { api } from '../../api/client.ts'
import { ask } from '../../api/queries.ts'

export const onePool = (poolId: string) =>
  ask(['pool', poolId], (signal) => api.GET('/pools/{poolId}', { params: { path: { poolId } }, signal }))
export const capacityOf = (poolId: string) =>
  ask(['pool-capacity', poolId], (signal) =>
    api.GET('/pools/{poolId}/capacity', { params: { path: { poolId } }, signal }),
  )
export const freeOf = (poolId: string) =>
  ask(['pool-free', poolId], (signal) => api.GET('/pools/{poolId}/free', { params: { path: { poolId } }, signal }))
