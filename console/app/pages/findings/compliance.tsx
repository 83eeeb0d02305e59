// How much of the space in use is as policy would give it, on any day.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { flagsOf, pathOf, searchParamsOf, taken } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { named } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Moment, Said } from '../../parts/words.tsx'

const groupings = ['unit', 'account', 'type', 'locale', 'rule'] as const
type Grouping = (typeof groupings)[number]
const report = (params: URLSearchParams) => {
  const given = taken(params, 'node', 'resourceType', 'locale', 'at')
  const by = groupings.find((one) => one === params.get('by')) ?? 'unit'
  const query = { by: by as Grouping, ...given }
  return {
    query,
    options: ask(['compliance', query], (signal) => api.GET('/compliance', { params: { query }, signal })),
  }
}
export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(report(searchParamsOf(request)).options)

type Row = Schemas['ComplianceGroup']
const number = (
  id: keyof Row & ('compliant' | 'noncompliant' | 'exempt' | 'ignored' | 'unmanaged' | 'unknown'),
  header: string,
): Column<Row> => ({
  id,
  header,
  width: 100,
  cell: (row) => <span className="number">{row[id]}</span>,
  text: (row) => String(row[id]),
})
const columns: readonly Column<Row>[] = [
  {
    id: 'group',
    header: 'Group',
    width: 180,
    cell: (row) => (row.group === 'total' ? <strong>Total</strong> : <Said>{row.name ?? row.group}</Said>),
    text: (row) => named(row.group, row.name),
  },
  {
    id: 'score',
    header: 'Score',
    width: 90,
    cell: (row) => <span className="number">{row.score === undefined ? '–' : `${row.score} %`}</span>,
    text: (row) => String(row.score ?? ''),
  },
  number('compliant', 'Compliant'),
  number('noncompliant', 'Not compliant'),
  number('exempt', 'Exempt'),
  number('ignored', 'Set aside'),
  number('unmanaged', 'Unmanaged'),
  number('unknown', 'Unknown'),
]

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const { query, options } = report(params)
  const { data } = useQuery(options)
  return (
    <Page
      title="Compliance"
      description={
        data ? (
          <>
            As of <Moment at={data.at} />. {data.method}
          </>
        ) : undefined
      }
      commands={[`cadastre compliance${flagsOf(query)}`, `cadastre compliance${flagsOf(query)} -o html > report.html`]}
      requests={[pathOf('/compliance', query)]}
    >
      <List
        title="Space in use"
        query={options}
        columns={columns}
        keyOf={(row) => row.group}
        filters={[
          { name: 'by', label: 'By', options: groupings.map((value) => ({ value, label: value })) },
          { name: 'node', label: 'At' },
          { name: 'resourceType', label: 'Type' },
          { name: 'locale', label: 'Locale' },
        ]}
        description={<Link to="/findings?status=open">Open findings</Link>}
        empty="No space is in use that policy has a say about."
      />
    </Page>
  )
}
