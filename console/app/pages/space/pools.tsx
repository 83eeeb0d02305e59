// Pools by their hierarchy, with how full each is.
import Box from '@cloudscape-design/components/box'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { flagsOf, nodes, pathOf, poolTree, scopes, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Account, Cidr, Count, percentOf, Said, Used } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(poolTree(searchParamsOf(request)), nodes, scopes)

type Row = Schemas['PoolTreeNode']
const usedOf = ({ utilization: { provisioned, free } }: Row): number =>
  percentOf(String(BigInt(provisioned) - BigInt(free)), provisioned)

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const nameOf = useNodeNames()
  const { data: known } = useQuery(scopes)
  const query = taken(params, 'scopeId', 'family')
  const columns: readonly Column<Row>[] = [
    {
      id: 'name',
      header: 'Pool',
      width: 180,
      cell: (row) => (
        <span className="tree-name" style={{ paddingInlineStart: (row.depth - 1) * 20 }}>
          {row.depth > 1 ? (
            <Box variant="span" color="text-status-inactive" aria-hidden="true">
              └
            </Box>
          ) : null}
          <Link to={`/pools/${row.poolId}`}>
            <Said>{row.name ?? row.poolId}</Said>
          </Link>
        </span>
      ),
      text: (row) => named(row.poolId, row.name),
    },
    {
      id: 'cidrs',
      header: 'CIDRs',
      width: 140,
      cell: (row) =>
        row.cidrs.map((cidr) => (
          <div key={cidr}>
            <Cidr>{cidr}</Cidr>
          </div>
        )),
      text: (row) => row.cidrs.join(' '),
    },
    {
      id: 'used',
      header: 'Used',
      width: 110,
      cell: (row) => (
        <Used percent={usedOf(row)} of={`${row.utilization.free} of ${row.utilization.provisioned} free`} />
      ),
      text: (row) => String(usedOf(row)),
    },
    {
      id: 'free',
      header: 'Free',
      width: 90,
      cell: (row) => <Count of={row.utilization.free} />,
      text: (row) => row.utilization.free,
    },
    {
      id: 'resting',
      header: 'Resting',
      width: 90,
      cell: (row) => <Count of={row.utilization.quarantined} />,
      text: (row) => row.utilization.quarantined,
    },
    {
      id: 'allocations',
      header: 'Allocations',
      width: 110,
      cell: (row) => (
        <Link
          to={`/allocations?poolId=${row.poolId}`}
          aria-label={`${row.utilization.allocations} allocations of ${row.name ?? row.poolId}`}
        >
          <Count of={row.utilization.allocations} />
        </Link>
      ),
      text: (row) => String(row.utilization.allocations),
    },
    {
      id: 'locale',
      header: 'Locale',
      width: 110,
      cell: (row) => <Said>{row.locale}</Said>,
      text: (row) => row.locale ?? '',
    },
    {
      id: 'account',
      header: 'Owner',
      width: 150,
      cell: (row) => <Account id={row.account} name={nameOf(row.account)} />,
      text: (row) => named(row.account, nameOf(row.account)),
    },
  ]
  return (
    <Page
      title="Address space"
      description="Pools by their hierarchy. Each hands out blocks to those below it and to whoever asks."
      commands={[`cadastre pool tree${flagsOf(query)}`]}
      requests={[pathOf('/pools/tree', query)]}
    >
      <List
        title="Pools"
        query={poolTree(params)}
        columns={columns}
        keyOf={(row) => row.poolId}
        filters={[
          {
            name: 'family',
            label: 'Family',
            options: [
              { value: 'ipv4', label: 'IPv4' },
              { value: 'ipv6', label: 'IPv6' },
            ],
          },
          {
            name: 'scopeId',
            label: 'Scope',
            options: (known?.items ?? []).map((one) => ({
              value: one.scopeId,
              label: one.name ?? `${one.isDefault ? 'default ' : ''}${one.scopeType}`,
            })),
          },
        ]}
        empty={
          <>
            <p>There are no pools yet. Make the first one at the command line:</p>
            <pre className="commands">cadastre pool create --scope-id SCOPE --family ipv4 --name NAME</pre>
          </>
        }
      />
    </Page>
  )
}
