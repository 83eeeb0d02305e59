// On the overview: where to begin, as long as no policy is in force; and that what is there is an example.
import Alert from '@cloudscape-design/components/alert'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { api } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { ask } from '../../api/queries.ts'
import { exampleName } from './example-name.ts'

const enforced = ask(['assignments', 'first enforced'], (signal) =>
  api.GET('/assignments', { params: { query: { mode: 'enforce', limit: 1 } }, signal }),
)

/** @param isEmpty policy has a say about no space in use: only then it is asked whether one is in force. */
export function First({ isEmpty }: { isEmpty: boolean }): ReactNode {
  const { data } = useQuery({ ...enforced, enabled: isEmpty })
  const { data: tree } = useQuery(nodes)
  if (tree?.items.some(({ kind, name }) => kind === 'organizational-unit' && name === exampleName))
    return (
      <Alert type="info" header="This server has an example company">
        <Link to="/start">First minutes</Link> throws it away in one click.
      </Alert>
    )
  if (!isEmpty || data?.items.length !== 0) return null
  return (
    <Alert type="info" header="No policy is in force yet">
      <Link to="/start">First minutes</Link> lead from nothing to a first denial that policy enforces, or load an
      example company.
    </Alert>
  )
}
