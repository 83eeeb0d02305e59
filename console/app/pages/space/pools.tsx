// Pools by their hierarchy, with how full each is.
import Box from '@cloudscape-design/components/box'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { contains, parseCidr } from '../../../../src/model/cidr.ts'
import type { Schemas } from '../../api/client.ts'
import { flagsOf, nodes, pathOf, poolTree, scopes, searchParamsOf, taken } from '../../api/lists.ts'
import { load, queries } from '../../api/queries.ts'
import { AddressMap, askedIn, mapOf } from '../../map/map.tsx'
import { Go } from '../../parts/go.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { anywhere, useMay } from '../../parts/may.ts'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Account, Cidr, Count, percentOf, Said, Used } from '../../parts/words.tsx'
import { AsOf } from './as-of.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> => loadPage(searchParamsOf(request))
async function loadPage(params: URLSearchParams): Promise<null> {
  await load(poolTree(params), nodes, scopes)
  const rows = queries.getQueryData<{ items: Row[] }>(poolTree(params).queryKey)?.items ?? []
  const scope = scopeShown(params, rows)
  return scope === undefined ? null : load(mapOf(mapped(scope, params), askedIn(params)))
}
/** The scope that the map is of: the one that is asked for, else that of most pools. */
function scopeShown(params: URLSearchParams, pools: readonly Row[]): string | undefined {
  const asked = params.get('scopeId')
  if (asked) return asked
  const counts = Map.groupBy(pools, ({ scopeId }) => scopeId)
  return [...counts].sort(([, a], [, b]) => b.length - a.length)[0]?.[0]
}
const mapped = (scopeId: string, params: URLSearchParams) => {
  const family = params.get('family')
  return { scopeId, family: family === 'ipv6' || family === 'ipv4' ? family : undefined } as const
}

type Row = Schemas['PoolTreeNode']
/** Each below the one that its space is from, as they were made; what lies in none of this page stands where it was. */
function underTheirs(rows: readonly Row[]): readonly Row[] {
  const shown = new Set(rows.map(({ poolId }) => poolId))
  const below = Map.groupBy(rows, ({ parentPoolId }) =>
    parentPoolId !== undefined && shown.has(parentPoolId) ? parentPoolId : undefined,
  )
  const from = (row: Row): readonly Row[] => [row, ...(below.get(row.poolId) ?? []).flatMap(from)]
  return (below.get(undefined) ?? []).flatMap(from)
}
const usedOf = ({ utilization: { provisioned, free } }: Row): number =>
  percentOf(String(BigInt(provisioned) - BigInt(free)), provisioned)

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const nameOf = useNodeNames()
  const { data: known } = useQuery(scopes)
  const may = useMay()
  const whyNoAllocation = may('allocation:manage', anywhere)
  const whyNoPool = may('ipam:manage', anywhere)
  const rows = useQuery(poolTree(params)).data?.items ?? []
  const scope = scopeShown(params, rows)
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
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Go isPrimary to="/allocations/new" whyNot={whyNoAllocation}>
            Allocate
          </Go>
          <Go to="/pools/new" whyNot={whyNoPool}>
            Make a pool
          </Go>
        </SpaceBetween>
      }
      commands={[
        `cadastre pool tree${flagsOf(query)}`,
        ...(scope === undefined ? [] : [`cadastre scope map ${scope}${flagsOf(taken(params, 'family', 'at'))}`]),
      ]}
      requests={[
        pathOf('/pools/tree', query),
        ...(scope === undefined ? [] : [pathOf(`/scopes/${scope}/map`, taken(params, 'family', 'at'))]),
      ]}
    >
      <List
        title="Pools"
        query={poolTree(params)}
        columns={columns}
        keyOf={(row) => row.poolId}
        offset="pools"
        isCompact
        order={underTheirs}
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
            There are no pools yet. <Link to="/pools/new">Make the first one.</Link>
          </>
        }
      />
      {scope === undefined ? null : (
        <SpaceBetween size="l">
          <AsOf first={known?.items.find(({ scopeId }) => scopeId === scope)?.createdAt} />
          <AddressMap
            of={mapped(scope, params)}
            name={nameOfScope(known?.items.find(({ scopeId }) => scopeId === scope))}
            poolAt={(cidr) =>
              rows
                .filter(
                  (row) =>
                    row.scopeId === scope &&
                    row.cidrs.some((text) => {
                      const own = parseCidr(text)
                      return own?.family === cidr.family && contains(own, cidr)
                    }),
                )
                .sort((a, b) => b.depth - a.depth)[0]?.poolId
            }
          />
        </SpaceBetween>
      )}
    </Page>
  )
}
const nameOfScope = (one: Schemas['Scope'] | undefined): string =>
  one === undefined ? 'the scope' : (one.name ?? `${one.isDefault ? 'the default ' : ''}${one.scopeType} scope`)
