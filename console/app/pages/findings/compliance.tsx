// How much of the space in use is as policy would give it, on any day, and how that went.
import BarChart from '@cloudscape-design/components/bar-chart'
import Container from '@cloudscape-design/components/container'
import DatePicker from '@cloudscape-design/components/date-picker'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQueries, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { flagsOf, pathOf, searchParamsOf, taken } from '../../api/lists.ts'
import { ask, load, type Read } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { named } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Count, Counting, Moment, Said } from '../../parts/words.tsx'

const groupings = ['unit', 'account', 'type', 'locale', 'rule'] as const
type Grouping = (typeof groupings)[number]
type Report = Schemas['ComplianceReport']

const dayMs = 86_400_000
/** The moment that a day of the address means: its end, in UTC. */
const endOf = (day: string): string | undefined =>
  /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day)) ? `${day}T23:59:59.999Z` : undefined
const today = (): string => new Date().toISOString().slice(0, 10)
/** Today is asked about as it is now. */
const dayOf = (params: URLSearchParams): string | undefined => {
  const day = params.get('day') ?? ''
  return endOf(day) === undefined || day >= today() ? undefined : day
}

const report = (params: URLSearchParams) => {
  const { cursor: _, ...given } = taken(params, 'node', 'resourceType', 'locale')
  const day = dayOf(params)
  const by: Grouping = groupings.find((one) => one === params.get('by')) ?? 'unit'
  const query = { by, ...given, ...(day === undefined ? {} : { at: endOf(day)! }) }
  return {
    query,
    options: ask(['compliance', query], (signal) => api.GET('/compliance', { params: { query }, signal })),
  }
}

const steps = [
  { value: '1', label: 'days' },
  { value: '7', label: 'weeks' },
  { value: '30', label: 'months' },
]
const earlier = [4, 3, 2, 1]
/** The days before, a step apart, the oldest first: all together of each. */
function daysBefore(params: URLSearchParams): readonly { readonly day: string; readonly read: Read<Report> }[] {
  const { cursor: _, ...given } = taken(params, 'node', 'resourceType', 'locale')
  const step = Number(steps.find(({ value }) => value === params.get('every'))?.value ?? 7)
  const from = Date.parse(dayOf(params) ?? today())
  return earlier.map((count) => {
    const day = new Date(from - count * step * dayMs).toISOString().slice(0, 10)
    const query = { by: 'unit' as const, ...given, at: endOf(day)!, limit: 1 }
    return { day, read: ask(['compliance', query], (signal) => api.GET('/compliance', { params: { query }, signal })) }
  })
}
export const loader = ({ request }: { request: Request }): Promise<null> => {
  const params = searchParamsOf(request)
  // What is counted of each of these days comes behind it.
  return load(report(params).options)
}

type Row = Schemas['ComplianceGroup']
type Name = 'compliant' | 'noncompliant' | 'exempt' | 'ignored' | 'unmanaged' | 'unknown'
const titles: Readonly<Record<Name, string>> = {
  compliant: 'Compliant',
  noncompliant: 'Not compliant',
  exempt: 'Exempt',
  ignored: 'Set aside',
  unmanaged: 'Unmanaged',
  unknown: 'Unknown',
}
/** Of which findings a number is made: those of now, which are listed. */
const findingsOf: Partial<Record<Name, string>> = {
  noncompliant: 'status=open&control=policy',
  exempt: 'status=open&control=policy-exempt',
  ignored: 'status=suppressed&control=policy',
}
/** What narrows a list to a group; undefined where no filter does. */
function narrowed(by: Grouping, group: string): string | undefined {
  if (group === 'total') return ''
  const name = { unit: 'node', account: 'node', type: 'resourceType', locale: 'locale', rule: undefined }[by]
  return name === undefined ? undefined : `&${name}=${encodeURIComponent(group)}`
}
const number = (name: Name, { by, isNow, within }: { by: Grouping; isNow: boolean; within: string }): Column<Row> => ({
  id: name,
  header: titles[name],
  width: 100,
  cell: (row) => {
    const filter = narrowed(by, row.group)
    const of = findingsOf[name]
    if (!isNow || of === undefined || filter === undefined || row[name] === 0) return <Count of={row[name]} />
    return (
      <Link
        to={`/findings?${of}${within}${filter}`}
        aria-label={`${row[name]} ${titles[name]}: ${row.name ?? row.group}`}
      >
        <Count of={row[name]} />
      </Link>
    )
  },
  text: (row) => String(row[name]),
})
const columns = (of: { by: Grouping; isNow: boolean; within: string }): readonly Column<Row>[] => [
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
    cell: (row) => <span className="number">{scoreText(row)}</span>,
    text: (row) => String(row.score ?? ''),
  },
  ...(Object.keys(titles) as Name[]).map((name) => number(name, of)),
]
const scoreText = ({ score }: Row): string => (score === undefined ? '–' : `${score} %`)

export function Component(): ReactNode {
  const [params, setParams] = useSearchParams()
  const { query, options } = report(params)
  const { data } = useQuery(options)
  const day = dayOf(params)
  const { cursor: _, ...within } = taken(params, 'node', 'resourceType', 'locale')
  const withinText = new URLSearchParams(within).toString()
  return (
    <Page
      title="Compliance"
      description={
        data ? (
          <>
            As of <Moment at={data.at} />. {data.method} What is exempt is given under an exception alone: it counts
            neither for nor against.
          </>
        ) : undefined
      }
      actions={
        <FormField label="On the day (UTC)">
          <DatePicker
            value={day ?? today()}
            isDateEnabled={(date) => date.getTime() <= Date.now()}
            openCalendarAriaLabel={(chosen) => (chosen === null ? 'Choose a day' : `Choose a day, now ${chosen}`)}
            previousMonthAriaLabel="Month before"
            nextMonthAriaLabel="Next month"
            todayAriaLabel="Today"
            placeholder="YYYY-MM-DD"
            onChange={({ detail }) =>
              setParams((before) => {
                const after = new URLSearchParams(before)
                if (detail.value === '' || detail.value >= today()) after.delete('day')
                else if (endOf(detail.value) !== undefined) after.set('day', detail.value)
                return after
              })
            }
          />
        </FormField>
      }
      commands={[`cadastre compliance${flagsOf(query)}`, `cadastre compliance${flagsOf(query)} -o html > report.html`]}
      requests={[pathOf('/compliance', query)]}
    >
      <Trend params={params} now={data} />
      <List
        title="Space in use"
        query={options}
        columns={columns({
          by: query.by,
          isNow: day === undefined,
          within: withinText === '' ? '' : `&${withinText}`,
        })}
        keyOf={(row) => row.group}
        filters={[
          { name: 'by', label: 'By', options: groupings.map((value) => ({ value, label: value })) },
          { name: 'node', label: 'At' },
          { name: 'resourceType', label: 'Type' },
          { name: 'locale', label: 'Locale' },
        ]}
        description={
          day === undefined ? (
            <Link to="/findings?status=open">Open findings</Link>
          ) : (
            <>
              Findings are listed as they are now. <Link to="/compliance">Today</Link>
            </>
          )
        }
        empty="No space is in use that policy has a say about."
      />
    </Page>
  )
}

const bars = [
  ['compliant', '#2f855a'],
  ['noncompliant', '#d13212'],
  ['ignored', '#8c6bb1'],
  ['exempt', '#879596'],
] as const

function Trend({ params, now }: { params: URLSearchParams; now: Report | undefined }): ReactNode {
  const before = daysBefore(params)
  // Of days before all was looked at nothing is known: to count what was in use then takes a second each of a large estate.
  const canKnow = (day: string): boolean =>
    now !== undefined && (now.evaluatedFrom === undefined || endOf(day)! >= now.evaluatedFrom)
  const read = useQueries({ queries: before.map((one) => ({ ...one.read, enabled: canKnow(one.day) })) })
  const isCounted = read.every(({ isPending }, index) => !isPending || !canKnow(before[index]!.day))
  const points = [
    ...before.map(({ day }, index) => ({ day, isKnown: true, report: read[index]?.data })),
    { day: dayOf(params) ?? today(), report: now },
  ].map(({ day, report: of }) => {
    const total = of?.items.at(-1)
    // Which is not the same as nothing.
    const isKnown = of !== undefined && (of.evaluatedFrom === undefined || of.at >= of.evaluatedFrom)
    return { day, total: isKnown ? total : undefined }
  })
  const every = steps.find(({ value }) => value === params.get('every'))?.value ?? '7'
  const by = (value: string): URLSearchParams => {
    const there = new URLSearchParams(params)
    there.set('every', value)
    return there
  }
  const to = (day: string): string => {
    const there = new URLSearchParams(params)
    if (day >= today()) there.delete('day')
    else there.set('day', day)
    return `/compliance?${there}`
  }
  const highest = Math.max(4, ...points.map(({ total }) => bars.reduce((sum, [name]) => sum + (total?.[name] ?? 0), 0)))
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            <>
              What policy has a say about, at the end of each day, compared by{' '}
              {steps.map(({ value, label }, index) => (
                <span key={value}>
                  {index === 0 ? '' : ', '}
                  {value === every ? <strong>{label}</strong> : <Link to={`/compliance?${by(value)}`}>{label}</Link>}
                </span>
              ))}
            </>
          }
        >
          How it went
        </Header>
      }
    >
      <SpaceBetween size="m">
        {isCounted ? null : <Counting of="what was in use on these days" />}
        <div className="counts">
          {points.map(({ day, total }) => (
            <Link key={day} to={to(day)}>
              {day}: {total !== undefined ? scoreText(total) : isCounted ? 'not known' : '…'}
            </Link>
          ))}
        </div>
        <BarChart
          stackedBars
          hideFilter
          hideLegend={false}
          height={180}
          xScaleType="categorical"
          xDomain={points.map(({ day }) => day)}
          yDomain={[0, highest]}
          series={bars.map(([name, color]) => ({
            type: 'bar',
            title: titles[name],
            color,
            data: points.map(({ day, total }) => ({ x: day, y: total?.[name] ?? 0 })),
          }))}
          ariaLabel="Space in use by whether it complies, on five days"
          i18nStrings={{
            chartAriaRoleDescription: 'bar chart',
            xAxisAriaRoleDescription: 'days',
            yAxisAriaRoleDescription: 'networks and addresses',
            detailPopoverDismissAriaLabel: 'Close',
            legendAriaLabel: 'Whether it complies',
          }}
          empty="No space is in use that policy has a say about."
        />
      </SpaceBetween>
    </Container>
  )
}
