// Policies, and where each is enabled.

import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { assignmentList, flagsOf, nodes, pathOf, policyList, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { Go } from '../../parts/go.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { anywhere, useMay } from '../../parts/may.ts'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Account, Mode, Moment, momentText, None, Said } from '../../parts/words.tsx'

const everywhere = assignmentList(new URLSearchParams())
export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(policyList(searchParamsOf(request)), everywhere, nodes)

type Row = Schemas['Policy']
export function Component(): ReactNode {
  const [params] = useSearchParams()
  const nameOf = useNodeNames()
  const navigate = useNavigate()
  const whyNot = useMay()('policy:manage', anywhere)
  const { data: assigned } = useQuery(everywhere)
  const query = taken(params, 'account')
  const where = (row: Row) => (assigned?.items ?? []).filter(({ policyId }) => policyId === row.policyId)
  const columns: readonly Column<Row>[] = [
    {
      id: 'name',
      header: 'Policy',
      width: 160,
      cell: (row) => (
        <Link to={`/policies/${row.policyId}`}>
          <Said>{row.name ?? row.policyId}</Said>
        </Link>
      ),
      text: (row) => named(row.policyId, row.name),
    },
    {
      id: 'where',
      header: 'Enabled on',
      width: 200,
      cell: (row) =>
        row.assignmentCount === 0 ? (
          <None />
        ) : where(row).length === 0 ? (
          `${row.assignmentCount} nodes`
        ) : (
          where(row).map((one) => (
            <div key={one.targetId}>
              <Said>{nameOf(one.targetId) ?? one.targetId}</Said> <Mode of={one.mode} />
            </div>
          ))
        ),
      text: (row) =>
        where(row)
          .map((one) => `${one.targetId} ${one.mode}`)
          .join(' '),
    },
    { id: 'version', header: 'Version', width: 90, cell: (row) => row.version, text: (row) => String(row.version) },
    {
      id: 'documents',
      header: 'Documents',
      width: 100,
      cell: (row) => row.documentCount,
      text: (row) => String(row.documentCount),
    },
    {
      id: 'account',
      header: 'Owner',
      width: 150,
      cell: (row) => <Account id={row.account} name={nameOf(row.account)} />,
      text: (row) => named(row.account, nameOf(row.account)),
    },
    {
      id: 'at',
      header: 'Made',
      width: 170,
      cell: (row) => <Moment at={row.createdAt} />,
      text: (row) => momentText(row.createdAt),
    },
  ]
  return (
    <Page
      title="Policies"
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Button onClick={() => void navigate('/simulations')}>Simulations</Button>
          <Button onClick={() => void navigate('/policies/matrix')}>What is in force where</Button>
          <Go isPrimary to="/policies/new" whyNot={whyNot}>
            Make a policy
          </Go>
        </SpaceBetween>
      }
      description="What takes its addresses from where. In force is the version shown, wherever the policy is enabled."
      commands={[`cadastre policy list${flagsOf(query)}`, 'cadastre assignment list']}
      requests={[pathOf('/policies', query), '/assignments']}
    >
      <List
        title="Policies"
        query={policyList(params)}
        columns={columns}
        keyOf={(row) => row.policyId}
        filters={[{ name: 'account', label: 'Owner' }]}
        empty={
          <>
            There is no policy yet: every request is allowed that pools can serve.{' '}
            <Link to="/policies/new">Make the first one</Link>
          </>
        }
      />
    </Page>
  )
}
