// One pool: its rules, how full it is, when it runs dry, and who has its space.
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tabs from '@cloudscape-design/components/tabs'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { allocationList, flagsOf, nodes, pathOf, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { AddressMap, askedIn, mapOf } from '../../map/map.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Go } from '../../parts/go.tsx'
import { List } from '../../parts/list.tsx'
import { anywhere, useMay } from '../../parts/may.ts'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Count, None, Said, Used } from '../../parts/words.tsx'
import { allocationColumns } from './allocation-columns.tsx'
import { AsOf, momentIn } from './as-of.tsx'
import { PastHolders } from './past-holders.tsx'
import { PoolChanges, poolChanges } from './pool-changes.tsx'
import { capacityOf, onePool } from './pool-queries.ts'

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
    mapOf({ poolId: poolId! }, askedIn(searchParamsOf(request))),
    onePool(poolId!),
    capacityOf(poolId!),
    ...rowsOf(poolId!, searchParamsOf(request)),
    nodes,
  )
/** What the table below the map is of. */
const rowsOf = (poolId: string, params: URLSearchParams) => {
  if (params.get('tab') === 'changes') return [poolChanges(poolId, params)]
  return params.has('at') ? [] : [within(poolId, params)]
}

export function Component(): ReactNode {
  const poolId = useParams().poolId!
  const nameOf = useNodeNames()
  const [params, setParams] = useSearchParams()
  const { data: pool, error } = useQuery(onePool(poolId))
  const at = momentIn(params)
  const tab = params.get('tab') === 'changes' ? 'changes' : 'allocations'
  const { data: capacity } = useQuery(capacityOf(poolId))
  const may = useMay()
  const whyNoAllocation = may('allocation:manage', anywhere)
  const whyNoPool = may('ipam:manage', pool?.account)
  return (
    <Page
      title={pool?.name ?? poolId}
      description={pool?.description === undefined ? undefined : <Said>{pool.description}</Said>}
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Go isPrimary to={`/allocations/new?poolId=${poolId}`} whyNot={whyNoAllocation}>
            Allocate
          </Go>
          <Go to={`/pools/new?parentPoolId=${poolId}`} whyNot={whyNoPool}>
            Make a pool in it
          </Go>
        </SpaceBetween>
      }
      commands={[
        `cadastre pool show ${poolId}`,
        `cadastre pool map ${poolId}${flagsOf(at === undefined ? {} : { at })}`,
        `cadastre pool capacity ${poolId}`,
        `cadastre allocation list --pool-id ${poolId}`,
        `cadastre change list --pool-id ${poolId}${flagsOf(at === undefined ? {} : { from: at })}`,
      ]}
      requests={[
        `/pools/${poolId}`,
        pathOf(`/pools/${poolId}/map`, at === undefined ? {} : { at }),
        `/pools/${poolId}/capacity`,
        `/allocations?poolId=${poolId}`,
        pathOf('/changes', { poolId, ...(at === undefined ? {} : { from: at }) }),
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
          <AsOf first={pool.createdAt} />
          <AddressMap of={{ poolId }} name={pool.name ?? poolId} poolAt={() => poolId} />
          <Tabs
            i18nStrings={{ scrollLeftAriaLabel: 'Tabs to the left', scrollRightAriaLabel: 'Tabs to the right' }}
            activeTabId={tab}
            onChange={({ detail }) =>
              setParams((before) => {
                const after = new URLSearchParams(before)
                after.delete('cursor')
                if (detail.activeTabId === 'changes') after.set('tab', 'changes')
                else after.delete('tab')
                return after
              })
            }
            tabs={[
              {
                id: 'allocations',
                label: at === undefined ? 'Who has what' : 'Who had what',
                content: at === undefined ? <Present poolId={poolId} /> : <Past poolId={poolId} at={at} />,
              },
              {
                id: 'changes',
                label: at === undefined ? 'What has changed' : 'What has changed since',
                content: <PoolChanges poolId={poolId} nameOf={nameOf} />,
              },
            ]}
          />
        </SpaceBetween>
      ) : null}
    </Page>
  )
}

function Present({ poolId }: { poolId: string }): ReactNode {
  const [params] = useSearchParams()
  return (
    <List
      title="Allocations"
      query={within(poolId, params)}
      columns={allocationColumns(useNodeNames())}
      keyOf={(row) => row.allocationId}
      filters={[
        { name: 'account', label: 'Account' },
        { name: 'resourceType', label: 'Type' },
      ]}
      empty="Nobody has space of this pool."
    />
  )
}

/** Who had what of the window of the map at a moment. */
function Past({ poolId, at }: { poolId: string; at: string }): ReactNode {
  const [params] = useSearchParams()
  const { data: map } = useQuery(mapOf({ poolId }, askedIn(params)))
  const { data: pool } = useQuery(onePool(poolId))
  if (map?.cidr === undefined || !pool) return null
  return <PastHolders cidr={map.cidr} scopeId={pool.scopeId} at={at} />
}
