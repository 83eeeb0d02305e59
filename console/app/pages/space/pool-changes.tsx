// What has changed in a pool between two moments: each with its decision and who did it.
import DatePicker from '@cloudscape-design/components/date-picker'
import FormField from '@cloudscape-design/components/form-field'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { pageRows } from '../../api/lists.ts'
import { ask } from '../../api/queries.ts'
import { moment, said } from '../../parts/columns.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { Account, Cidr, None, Said, State } from '../../parts/words.tsx'

type Row = Schemas['Change']
const endOf = (day: string): string => new Date(`${day}T23:59:59.999`).toISOString()
const beginOf = (day: string): string => new Date(`${day}T00:00:00`).toISOString()

export const poolChanges = (poolId: string, params: URLSearchParams) => {
  const [from, until, at, cursor] = ['from', 'until', 'at', 'cursor'].map((name) => params.get(name) || undefined)
  // What has changed since the moment that the page shows, where nobody says otherwise.
  const since = from === undefined ? at : beginOf(from)
  const query = {
    ...{ poolId, limit: pageRows },
    ...(since === undefined ? {} : { from: since }),
    ...(until === undefined ? {} : { until: endOf(until) }),
    ...(cursor === undefined ? {} : { cursor }),
  }
  return ask(['pool-changes', query], (signal) => api.GET('/changes', { params: { query }, signal }))
}

/** What a change says of one object's member: what it is now, or was. */
const member = ({ differences }: Row, name: string): string | undefined => {
  const found = differences.flatMap(({ members }) => members).find((one) => one.member === name)
  const value = found?.after ?? found?.before
  return typeof value === 'string' ? value : undefined
}

export function PoolChanges({
  poolId,
  nameOf,
}: {
  poolId: string
  nameOf: (id: string) => string | undefined
}): ReactNode {
  const [params, setParams] = useSearchParams()
  const set = (name: 'from' | 'until', value: string): void =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      after.delete('cursor')
      if (value === '') after.delete(name)
      else after.set(name, value)
      return after
    })
  const picker = (name: 'from' | 'until', label: string): ReactNode => (
    <FormField label={label}>
      <DatePicker
        value={params.get(name) ?? ''}
        format="iso"
        placeholder="YYYY-MM-DD"
        onChange={({ detail }) => set(name, detail.value)}
        openCalendarAriaLabel={(value) => `Choose a day${value ? `, chosen is ${value}` : ''}`}
        nextMonthAriaLabel="Next month"
        previousMonthAriaLabel="Previous month"
        todayAriaLabel="Today"
      />
    </FormField>
  )
  const columns: readonly Column<Row>[] = [
    moment('When', (row) => row.at),
    said('action', 'What', 150, (row) => row.action),
    {
      id: 'cidr',
      header: 'Block',
      width: 130,
      cell: (row) => {
        const cidr = member(row, 'cidr')
        return cidr === undefined ? <None /> : <Cidr>{cidr}</Cidr>
      },
      text: (row) => member(row, 'cidr') ?? '',
    },
    {
      id: 'account',
      header: 'Account',
      width: 150,
      cell: (row) => {
        const id = member(row, 'account')
        return id === undefined ? <None /> : <Account id={id} name={nameOf(id)} />
      },
      text: (row) => member(row, 'account') ?? '',
    },
    {
      id: 'subject',
      header: 'About',
      width: 150,
      cell: (row) => (
        <Said>{`${row.subjects[0] ?? ''}${row.subjectCount > 1 ? ` and ${row.subjectCount - 1} more` : ''}`}</Said>
      ),
      text: (row) => row.subjects.join(' '),
    },
    said('principal', 'Who', 170, (row) => row.principal),
    {
      id: 'why',
      header: 'Why',
      width: 90,
      cell: (row) => {
        const id = member(row, 'decisionId')
        return id === undefined ? (
          row.outcome === 'Success' ? (
            <None />
          ) : (
            <State of={row.outcome === 'DeniedByPolicy' ? 'deny' : row.outcome} />
          )
        ) : (
          <Link to={`/decisions/${id}`} aria-label={`Decision of ${row.subjects[0]}`}>
            Decision
          </Link>
        )
      },
      text: (row) => member(row, 'decisionId') ?? row.outcome,
    },
  ]
  return (
    <List
      title="Changes"
      description={
        params.has('at') && !params.has('from')
          ? 'What has changed since the moment that is shown, the latest first'
          : 'The latest first'
      }
      query={poolChanges(poolId, params)}
      columns={columns}
      keyOf={(row) => row.changeId}
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          {picker('from', 'From the day')}
          {picker('until', 'Until the day')}
        </SpaceBetween>
      }
      empty="Nothing has changed."
    />
  )
}
