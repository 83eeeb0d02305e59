// One change or refusal: who, what, and what is different since.
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { nodes, pageRows, pools, searchParamsOf, taken } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Facts } from '../../parts/facts.tsx'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Moment, None, Said } from '../../parts/words.tsx'

const one = (changeId: string) =>
  ask(['change', changeId], (signal) => api.GET('/changes/{changeId}', { params: { path: { changeId } }, signal }))
const subjects = (changeId: string, params: URLSearchParams) => {
  const query = { limit: pageRows, ...taken(params) }
  return ask(['change', changeId, 'subjects', query], (signal) =>
    api.GET('/changes/{changeId}/subjects', { params: { path: { changeId }, query }, signal }),
  )
}
export const loader = ({
  params: { changeId },
  request,
}: {
  params: { changeId?: string }
  request: Request
}): Promise<null> => load(one(changeId!), subjects(changeId!, searchParamsOf(request)), nodes, pools)

type Subject = Schemas['ChangedSubject']
const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const lineOf = ({ member: name, before, after, isLong }: Subject['members'][number]): string =>
  isLong
    ? `${name}: too long to show here`
    : before === undefined
      ? `${name}: ${valueText(after)}`
      : after === undefined
        ? `${name}: ${valueText(before)} is gone`
        : `${name}: ${valueText(before)} → ${valueText(after)}`
const columns: readonly Column<Subject>[] = [
  {
    id: 'object',
    header: 'Object',
    width: 220,
    cell: (row) => <Linked>{row.objectId}</Linked>,
    text: (row) => row.objectId,
  },
  { id: 'kind', header: 'Kind', width: 120, cell: (row) => <Said>{row.kind}</Said>, text: (row) => row.kind ?? '' },
  {
    id: 'members',
    header: 'What changed',
    width: 320,
    cell: (row) =>
      row.members.length === 0 ? (
        <None />
      ) : (
        row.members.map((member) => (
          <div key={member.member}>
            <bdi className="text">{lineOf(member)}</bdi>
          </div>
        ))
      ),
    text: (row) => row.members.map(lineOf).join('; '),
  },
]

export function Component(): ReactNode {
  const changeId = useParams().changeId!
  const navigate = useNavigate()
  const nameOf = useNodeNames()
  const [params] = useSearchParams()
  const { data, error } = useQuery(one(changeId))
  return (
    <Page
      title={data?.action ?? 'Change'}
      description={`Number ${changeId} in the record`}
      actions={
        <Button onClick={() => void navigate(`/evidence/verify?change=${changeId}`)} disabled={data === undefined}>
          Verify
        </Button>
      }
      commands={[`cadastre change show ${changeId}`, `cadastre change subjects ${changeId}`]}
      requests={[`/changes/${changeId}`, `/changes/${changeId}/subjects`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <SpaceBetween size="l">
          <Facts
            title="Who and what"
            facts={[
              ['Outcome', <Said key="o">{data.outcome}</Said>],
              ['When', <Moment key="w" at={data.at} />],
              ['Who', <Said key="p">{data.principal}</Said>],
              ['Account', <Account key="a" id={data.account} name={nameOf(data.account)} />],
              ['From', <Said key="f">{data.sourceAddress}</Said>],
              ['With', <Said key="c">{data.credential}</Said>],
              [
                'Decisions',
                data.decisionIds.length === 0 ? undefined : <Linked key="d">{data.decisionIds.join(', ')}</Linked>,
              ],
              ['Request', <Said key="r">{data.requestId}</Said>],
            ]}
          />
          <List
            title="What it changed"
            query={subjects(changeId, params)}
            columns={columns}
            keyOf={(row) => row.objectId}
            empty={data.outcome === 'Success' ? 'It names no object.' : 'It was refused, and changed nothing.'}
          />
        </SpaceBetween>
      ) : null}
    </Page>
  )
}
