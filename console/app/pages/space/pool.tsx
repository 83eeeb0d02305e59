// One pool: its rules, how full it is, when it runs dry, and who has its space.
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { api } from '../../api/client.ts'
import { allocationList, nodes, searchParamsOf } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { AddressMap, mapOf } from '../../map/map.tsx'
import { Facts } from '../../parts/facts.tsx'
import { List } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Count, None, Said, Used } from '../../parts/words.tsx'
import { allocationColumns } from './allocation-columns.tsx'

const one = (poolId: string) =>
  ask(['pool', poolId], (signal) => api.GET('/pools/{poolId}', { params: { path: { poolId } }, signal }))
const capacityOf = (poolId: string) =>
  ask(['pool-capacity', poolId], (signal) =>
    api.GET('/pools/{poolId}/capacity', { params: { path: { poolId } }, signal }),
  )
const within = (poolId: string, params: URLSearchParams) => {
  const all = new URLSearchParams(params)
  all.set('poolId', poolId)
  return allocationList(all)
}
export const loader = ({
  request,
  params: { poolId },
}: {
  request: Request
  params: { poolId?: string }
}): Promise<null> =>
  load(
    mapOf(poolId!, searchParamsOf(request).get('window')),
    one(poolId!),
    capacityOf(poolId!),
    within(poolId!, searchParamsOf(request)),
    nodes,
  )

export function Component(): ReactNode {
  const poolId = useParams().poolId!
  const [params] = useSearchParams()
  const nameOf = useNodeNames()
  const { data: pool, error } = useQuery(one(poolId))
  const { data: capacity } = useQuery(capacityOf(poolId))
  return (
    <Page
      title={pool?.name ?? poolId}
      description={pool?.description === undefined ? undefined : <Said>{pool.description}</Said>}
      commands={[
        `cadastre pool show ${poolId}`,
        `cadastre pool map ${poolId}`,
        `cadastre pool capacity ${poolId}`,
        `cadastre allocation list --pool-id ${poolId}`,
      ]}
      requests={[
        `/pools/${poolId}`,
        `/pools/${poolId}/map`,
        `/pools/${poolId}/capacity`,
        `/allocations?poolId=${poolId}`,
      ]}
    >
      {error ? <Wrong error={error} /> : null}
      {pool ? (
        <SpaceBetween size="l">
          <Facts
            title="Pool"
            facts={[
              ['Id', <Said key="id">{pool.poolId}</Said>],
              ['Owner', <Account key="owner" id={pool.account} name={nameOf(pool.account)} />],
              ['Family', pool.family === 'ipv4' ? 'IPv4' : 'IPv6'],
              ['Locale', <Said key="locale">{pool.locale}</Said>],
              [
                'Lies in',
                pool.parentPoolId === undefined ? undefined : (
                  <Link key="parent" to={`/pools/${pool.parentPoolId}`}>
                    {pool.parentPoolId}
                  </Link>
                ),
              ],
              [
                'Sizes',
                pool.minNetmaskLength === undefined && pool.maxNetmaskLength === undefined
                  ? 'any'
                  : `/${pool.minNetmaskLength ?? '–'} to /${pool.maxNetmaskLength ?? '–'}`,
              ],
              [
                'Shared with',
                pool.sharedWith.length === 0 ? undefined : pool.sharedWith.map((id) => nameOf(id) ?? id).join(', '),
              ],
              ['Contact', <Said key="contact">{pool.contact}</Said>],
            ]}
          />
          {capacity ? (
            <Facts
              title="Capacity"
              facts={[
                ['Used', <Used key="used" percent={capacity.usedPercent ?? 0} of="" />],
                ['Free', <Count key="free" of={capacity.free} />],
                ['Largest free block', capacity.largest === undefined ? undefined : `/${capacity.largest}`],
                [
                  'Runs dry',
                  capacity.runsDryOn ??
                    (capacity.noForecast === undefined ? (
                      <None key="dry" />
                    ) : (
                      `no forecast: ${capacity.noForecast.replaceAll('-', ' ')}`
                    )),
                ],
              ]}
            />
          ) : null}
          <AddressMap poolId={poolId} poolName={pool.name ?? poolId} />
          <List
            title="Allocations"
            query={within(poolId, params)}
            columns={allocationColumns(nameOf)}
            keyOf={(row) => row.allocationId}
            filters={[
              { name: 'account', label: 'Account' },
              { name: 'resourceType', label: 'Type' },
            ]}
            empty="Nobody has space of this pool."
          />
        </SpaceBetween>
      ) : null}
    </Page>
  )
}
