// What the pages of policies ask for.
import { api } from '../../api/client.ts'
import { assignmentList } from '../../api/lists.ts'
import { ask } from '../../api/queries.ts'

/** Of documents, as many as one page shows. */
const rowsMax = 1000
const versionsShown = 50

export const policyOf = (policyId: string) =>
  ask(['policy', policyId], (signal) => api.GET('/policies/{policyId}', { params: { path: { policyId } }, signal }))
export const documentsOf = (policyId: string) =>
  ask(['documents', policyId], (signal) =>
    api.GET('/policies/{policyId}/documents', { params: { path: { policyId }, query: { limit: rowsMax } }, signal }),
  )
export const versionsOf = (policyId: string, cursor: string | null) =>
  ask(['versions', policyId, cursor], (signal) =>
    api.GET('/policies/{policyId}/versions', {
      params: { path: { policyId }, query: { limit: versionsShown, ...(cursor === null ? {} : { cursor }) } },
      signal,
    }),
  )
export const comparisonOf = (policyId: string, from: number, to: number) =>
  ask(['comparison', policyId, from, to], (signal) =>
    api.GET('/policies/{policyId}/comparison', { params: { path: { policyId }, query: { from, to } }, signal }),
  )
export const assignedOf = (policyId: string) => assignmentList(new URLSearchParams({ policyId }))
