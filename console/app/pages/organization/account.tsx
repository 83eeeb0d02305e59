// One account: whom to ask, what it has, what was decided for it.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { api } from '../../api/client.ts'
import { allocationList, nodes, searchParamsOf } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Acts } from '../../parts/acts.tsx'
import { Facts } from '../../parts/facts.tsx'
import { List } from '../../parts/list.tsx'
import { useMay } from '../../parts/may.ts'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Moment, Said } from '../../parts/words.tsx'
import { allocationColumns } from '../space/allocation-columns.tsx'

const one = (account: string) =>
  ask(['account', account], (signal) => api.GET('/accounts/{account}', { params: { path: { account } }, signal }))
const has = (id: string, params: URLSearchParams) => {
  const all = new URLSearchParams(params)
  all.set('account', id)
  return allocationList(all)
}
export const loader = ({ request }: { request: Request }): Promise<null> => {
  const params = searchParamsOf(request)
  const id = params.get('id') ?? ''
  return load(one(id), has(id, params), nodes)
}

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const id = params.get('id') ?? ''
  const nameOf = useNodeNames()
  const may = useMay()
  const navigate = useNavigate()
  const { data, error } = useQuery(one(id))
  return (
    <Page
      title={data?.name ?? id}
      description={`Account ${id}`}
      commands={[
        `cadastre account show ${id}`,
        `cadastre allocation list --account ${id}`,
        `cadastre history account ${id}`,
        `cadastre account move ${id} --parent-id PARENT --impact`,
      ]}
      actions={
        <Acts
          of={data}
          acts={[
            {
              id: 'move',
              act: 'Move it',
              title: 'Move it',
              says: '',
              done: '',
              reason: may('organization:manage', id),
              go: () => void navigate(`/account/move?id=${encodeURIComponent(id)}`),
            },
          ]}
        />
      }
      requests={[`/accounts/${id}`, `/allocations?account=${id}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <Facts
          title="Account"
          facts={[
            [
              'Lies in',
              data.parentId === undefined ? undefined : <Said key="p">{nameOf(data.parentId) ?? data.parentId}</Said>,
            ],
            ['Mail', <Said key="m">{data.email}</Said>],
            ['Cloud', data.cloud ?? 'aws'],
            ['Status', data.status],
            ['Joined', <Moment key="j" at={data.joinedAt} />],
            [
              'Decisions',
              <Link key="d" to={`/decisions?account=${id}`}>
                All for it
              </Link>,
            ],
            [
              'Denied',
              <Link key="n" to={`/decisions?account=${id}&outcome=deny`}>
                Why it was denied
              </Link>,
            ],
            [
              'Try it',
              <Link key="t" to={`/try?account=${id}`}>
                What it would get
              </Link>,
            ],
          ]}
        />
      ) : null}
      <List
        title="Allocations"
        query={has(id, params)}
        columns={allocationColumns(nameOf)}
        keyOf={(row) => row.allocationId}
        empty="It has no space."
      />
    </Page>
  )
}
