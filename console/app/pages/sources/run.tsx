// One run of a source: what it brought, what was wrong in it, and what was not listed.
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { load } from '../../api/queries.ts'
import { said, word } from '../../parts/columns.tsx'
import { Facts } from '../../parts/facts.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { Page, Wrong } from '../../parts/page.tsx'
import { Count, Moment, Said, State } from '../../parts/words.tsx'
import { snapshot, source } from './reads.ts'

interface Params {
  readonly sourceId?: string
  readonly run?: string
}
export const loader = ({ params: { sourceId, run } }: { params: Params }): Promise<null> =>
  load(source(sourceId!), snapshot(sourceId!, run!))

type Wrongly = Schemas['LineProblem']
const problems: readonly Column<Wrongly>[] = [
  word('line', 'Line', 80, (row) => row.line),
  said('field', 'Field', 120, (row) => row.field),
  said('value', 'Value', 180, (row) => row.value),
  said('problem', 'What is wrong', 280, (row) => row.problem),
]
type Unlisted = Schemas['UnlistedPart']
const parts: readonly Column<Unlisted>[] = [
  said('account', 'Account', 140, (row) => row.account ?? 'all'),
  said('locale', 'Locale', 140, (row) => row.locale ?? 'all'),
  said('reason', 'Why', 280, (row) => row.reason),
]

export function Component(): ReactNode {
  const { sourceId, run } = useParams() as Required<Params>
  const { data: of } = useQuery(source(sourceId))
  const one = snapshot(sourceId, run)
  const { data, error } = useQuery(one)
  const listOf = <T,>(name: string, items: readonly T[]) => ({
    queryKey: [...one.queryKey, name, items.length],
    queryFn: async () => ({ items }),
  })
  return (
    <Page
      title={`Run ${run} of ${of?.name ?? 'a source'}`}
      description={<Link to={`/sources/${sourceId}`}>{of?.name ?? sourceId}</Link>}
      commands={[`cadastre snapshot show ${sourceId} ${run}`]}
      requests={[`/sources/${sourceId}/snapshots/${run}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <SpaceBetween size="l">
          <Facts
            title="Run"
            facts={[
              ['State', <State key="s" of={data.state} />],
              ['Listed', <Moment key="t" at={data.takenAt} />],
              ['Sent by', <Said key="p">{data.principal}</Said>],
              ['Collector', <Said key="c">{data.collector}</Said>],
              ['Lines', <Count key="l" of={data.lines} />],
              ['New', <Count key="a" of={data.added} />],
              ['Changed', <Count key="h" of={data.changed} />],
              ['Missing, and gone', `${data.missing}, ${data.gone}`],
              ['Begun', <Moment key="b" at={data.begunAt} />],
              ['Ended', data.endedAt === undefined ? undefined : <Moment key="e" at={data.endedAt} />],
            ]}
          />
          <List
            title="Wrong lines"
            description={
              data.problemCount > data.problems.length
                ? `The first ${data.problems.length} of ${data.problemCount}.`
                : undefined
            }
            query={listOf('problems', data.problems)}
            columns={problems}
            keyOf={(row) => `${row.line} ${row.field} ${row.value}`}
            empty="Each line was read."
          />
          <List
            title="Not listed"
            description={
              data.unlistedCount > data.unlisted.length
                ? `The first ${data.unlisted.length} of ${data.unlistedCount}.`
                : undefined
            }
            query={listOf('unlisted', data.unlisted)}
            columns={parts}
            keyOf={(row) => `${row.account} ${row.locale}`}
            empty="All was listed. What is not in it is missing, and gone with the next run that does not have it."
          />
        </SpaceBetween>
      ) : null}
    </Page>
  )
}
