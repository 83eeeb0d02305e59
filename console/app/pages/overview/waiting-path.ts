// Where what waits for somebody is shown. It stands apart from the list: the first page has no table.
import type { Schemas } from '../../api/client.ts'

export const pathOfWaiting = ({ id }: Pick<Schemas['WaitingApproval'], 'id'>): string =>
  id.startsWith('exception-') ? `/exceptions/${id}` : `/change-requests/${id}`
