// What somebody looks at first: what runs dry, what was decided, what does not comply, what waits.
import BarChart from '@cloudscape-design/components/bar-chart'
import Box from '@cloudscape-design/components/box'
import ColumnLayout from '@cloudscape-design/components/column-layout'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { exceptionList, sourceList } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Count, Moment, Said, State, Used } from '../../parts/words.tsx'

/** Of the decisions of the last day, as many as one answer has. */
const decisionsMax = 1000
const dryShown = 8
/** A bar has two hours: more of them do not fit a narrow window. */
const barMs = 7_200_000
const barsShown = 12

const capacity = ask(['capacity'], (signal) =>
  api.GET('/capacity', { params: { query: { limit: decisionsMax } }, signal }),
)
/** From a full hour on: what is asked is the same for two hours, and so is its key. */
const dayFrom = (): string => new Date((Math.floor(Date.now() / barMs) - barsShown + 1) * barMs).toISOString()
const decisions = (from: string) =>
  ask(['decisions', 'day', from], (signal) =>
    api.GET('/decisions', { params: { query: { from, limit: decisionsMax } }, signal }),
  )
const compliance = ask(['compliance', 'unit'], (signal) =>
  api.GET('/compliance', { params: { query: { by: 'unit' } }, signal }),
)
const waiting = exceptionList(new URLSearchParams({ state: 'requested' }))
const sources = sourceList(new URLSearchParams())

export const loader = (): Promise<null> => load(capacity, decisions(dayFrom()), compliance, waiting, sources)

export function Component(): ReactNode {
  return (
    <Page
      title="Overview"
      commands={[
        'cadastre capacity',
        'cadastre decision list',
        'cadastre compliance',
        "cadastre exception list --state 'requested'",
        'cadastre source list',
      ]}
      requests={['/capacity', '/decisions', '/compliance?by=unit', '/exceptions?state=requested', '/sources']}
    >
      <Numbers />
      <ColumnLayout columns={2}>
        <Dry />
        <Decided />
        <Complies />
        <Waits />
      </ColumnLayout>
    </Page>
  )
}

function Numbers(): ReactNode {
  const { data: pools } = useQuery(capacity)
  const { data: day } = useQuery(decisions(dayFrom()))
  const { data: report } = useQuery(compliance)
  const { data: asked } = useQuery(waiting)
  const total = report?.items.find(({ group }) => group === 'total')
  const more = (list: { items: readonly unknown[]; nextCursor?: string } | undefined): string =>
    list === undefined ? '–' : `${list.items.length}${list.nextCursor === undefined ? '' : '+'}`
  const numbers = [
    ['Pools', more(pools), '/pools'],
    ['Decisions in 24 hours', more(day), '/decisions'],
    ['Compliance', total?.score === undefined ? '–' : `${total.score} %`, '/compliance'],
    ['Exceptions that wait for approval', more(asked), '/exceptions?state=requested'],
  ] as const
  return (
    <Container>
      <ColumnLayout columns={4} variant="text-grid" minColumnWidth={150}>
        {numbers.map(([label, value, to]) => (
          <div key={label}>
            <Box variant="awsui-key-label">{label}</Box>
            <Box fontSize="display-l" fontWeight="bold">
              <Link to={to} className="number" aria-label={`${label}: ${value}`}>
                {value}
              </Link>
            </Box>
          </div>
        ))}
      </ColumnLayout>
    </Container>
  )
}

/** The day that it runs dry first; those without such a day by how full they are. */
const drySooner = (one: Schemas['PoolCapacitySummary'], other: Schemas['PoolCapacitySummary']): number =>
  (one.runsDryOn ?? '9').localeCompare(other.runsDryOn ?? '9') || (other.usedPercent ?? 0) - (one.usedPercent ?? 0)

function Dry(): ReactNode {
  const { data, error } = useQuery(capacity)
  const rows = [...(data?.items ?? [])].sort(drySooner).slice(0, dryShown)
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description="By the day they run dry, then by how full they are">
          Pools that run dry first
        </Header>
      }
    >
      {error ? <Wrong error={error} /> : null}
      {rows.map((pool) => (
        <Box key={pool.poolId} padding={{ bottom: 's' }}>
          <ColumnLayout columns={3} minColumnWidth={80}>
            <Link to={`/pools/${pool.poolId}`}>
              <Said>{pool.name ?? pool.poolId}</Said>
            </Link>
            <Used percent={pool.usedPercent ?? 0} of={`${pool.free} of ${pool.provisioned} free`} />
            <Box color="text-body-secondary">
              {pool.runsDryOn === undefined ? (
                <>
                  <Count of={pool.free} /> free
                </>
              ) : (
                <>dry on {pool.runsDryOn}</>
              )}
            </Box>
          </ColumnLayout>
        </Box>
      ))}
      {data?.items.length === 0 ? (
        <p>
          There are no pools yet. <Link to="/pools">Address space</Link> says how to make one.
        </p>
      ) : null}
    </Container>
  )
}

function Decided(): ReactNode {
  const from = dayFrom()
  const { data, error } = useQuery(decisions(from))
  const start = Date.parse(from)
  const hours = Array.from({ length: barsShown }, (_, index) => new Date(start + index * barMs))
  const outcomes = [
    ['allow', 'Allowed', '#2f855a'],
    ['steer', 'Steered', '#2b6cb0'],
    ['warn', 'Warned', '#b7791f'],
    ['deny', 'Denied', '#c53030'],
  ] as const
  const counts = new Map<string, number>()
  for (const { at, outcome } of data?.items ?? []) {
    const key = `${outcome} ${Math.floor((Date.parse(at) - start) / barMs)}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const of = (outcome: string): number => data?.items.filter((one) => one.outcome === outcome).length ?? 0
  return (
    <Container
      fitHeight
      header={
        <Header
          variant="h2"
          description={
            data?.nextCursor === undefined ? 'By two hours' : `The last ${decisionsMax} of them, by two hours`
          }
        >
          Decisions of the last day
        </Header>
      }
    >
      {error ? <Wrong error={error} /> : null}
      <div className="counts">
        {outcomes.map(([outcome, word]) => (
          <Link key={outcome} to={`/decisions?outcome=${outcome}&from=${encodeURIComponent(from)}`}>
            {word}: {of(outcome)}
          </Link>
        ))}
      </div>
      <BarChart
        stackedBars
        hideFilter
        hideLegend={false}
        height={180}
        xScaleType="categorical"
        xDomain={hours.map((hour) => hourText(hour))}
        yDomain={[
          0,
          Math.max(
            4,
            ...hours.map((_, index) =>
              outcomes.reduce((sum, [outcome]) => sum + (counts.get(`${outcome} ${index}`) ?? 0), 0),
            ),
          ),
        ]}
        series={outcomes.map(([outcome, title, color]) => ({
          type: 'bar',
          title,
          color,
          data: hours.map((hour, index) => ({ x: hourText(hour), y: counts.get(`${outcome} ${index}`) ?? 0 })),
        }))}
        ariaLabel="Decisions of the last day, by two hours"
        i18nStrings={{
          chartAriaRoleDescription: 'bar chart',
          xAxisAriaRoleDescription: 'hours',
          yAxisAriaRoleDescription: 'decisions',
          detailPopoverDismissAriaLabel: 'Close',
          legendAriaLabel: 'Outcomes',
        }}
        empty="Nobody asked for space in the last day."
      />
    </Container>
  )
}
const hourText = (hour: Date): string => `${String(hour.getHours()).padStart(2, '0')}:00`

function Complies(): ReactNode {
  const { data, error } = useQuery(compliance)
  const units = (data?.items ?? []).filter(({ group }) => group !== 'total')
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description="Exempt space is counted apart: it is neither">
          Compliance by unit
        </Header>
      }
    >
      {error ? <Wrong error={error} /> : null}
      {units.map((unit) => (
        <Box key={unit.group} padding={{ bottom: 's' }}>
          <ColumnLayout columns={3} minColumnWidth={80}>
            <Said>{unit.name ?? unit.group}</Said>
            <span className="number">{unit.score === undefined ? '–' : `${unit.score} %`}</span>
            <Link to={`/findings?status=open&node=${unit.group}`}>
              {unit.noncompliant} not compliant{unit.exempt > 0 ? `, ${unit.exempt} exempt` : ''}
            </Link>
          </ColumnLayout>
        </Box>
      ))}
      {data && units.length === 0 ? <p>No space is in use yet that policy has a say about.</p> : null}
    </Container>
  )
}

function Waits(): ReactNode {
  const { data: asked, error } = useQuery(waiting)
  const { data: told } = useQuery(sources)
  return (
    <Container fitHeight header={<Header variant="h2">What waits, and what sources tell</Header>}>
      {error ? <Wrong error={error} /> : null}
      {(asked?.items ?? []).slice(0, dryShown).map((one) => (
        <Box key={one.exceptionId} padding={{ bottom: 's' }}>
          <Link to={`/exceptions/${one.exceptionId}`}>
            <Said>{one.reason}</Said>
          </Link>{' '}
          asked for by {one.requested.by}
        </Box>
      ))}
      {asked?.items.length === 0 ? <Box padding={{ bottom: 's' }}>No exception waits for approval.</Box> : null}
      {(told?.items ?? []).slice(0, dryShown).map((source) => (
        <Box key={source.sourceId} padding={{ bottom: 's' }}>
          <Link to="/sources">
            <Said>{source.name}</Said>
          </Link>{' '}
          <State of={source.freshness} /> {source.takenAt === undefined ? null : <Moment at={source.takenAt} />}
        </Box>
      ))}
    </Container>
  )
}
