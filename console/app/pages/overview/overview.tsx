// What somebody looks at first: what runs dry, what was decided, what does not comply, what waits.
import BarChart from '@cloudscape-design/components/bar-chart'
import Box from '@cloudscape-design/components/box'
import ColumnLayout from '@cloudscape-design/components/column-layout'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Linked } from '../../parts/linked.tsx'
import { Page, Wrong } from '../../parts/page.tsx'
import { Count, Moment, Said, State, Used } from '../../parts/words.tsx'
import { First } from '../start/first.tsx'

const capacityMax = 1000
const dryShown = 8
/** A bar has two hours: more of them do not fit a narrow window. */
const hoursInBar = 2

const summary = ask(['overview'], (signal) => api.GET('/overview', { signal }))
const capacity = ask(['capacity'], (signal) =>
  api.GET('/capacity', { params: { query: { limit: capacityMax } }, signal }),
)
const compliance = ask(['compliance', 'unit'], (signal) =>
  api.GET('/compliance', { params: { query: { by: 'unit' } }, signal }),
)
export const loader = (): Promise<null> => load(summary, capacity, compliance, nodes)

export function Component(): ReactNode {
  return (
    <Page
      title="Overview"
      commands={['cadastre overview', 'cadastre capacity', 'cadastre compliance']}
      requests={['/overview', '/capacity', '/compliance?by=unit']}
    >
      <Beginning />
      <Numbers />
      <ColumnLayout columns={2}>
        <Dry />
        <Decided />
        <Complies />
        <SpaceBetween size="l">
          <Waits />
          <Ends />
        </SpaceBetween>
      </ColumnLayout>
    </Page>
  )
}

function Beginning(): ReactNode {
  const { data } = useQuery(compliance)
  return <First isEmpty={data?.items.every(({ group }) => group === 'total') ?? false} />
}

function Numbers(): ReactNode {
  const { data } = useQuery(summary)
  const { data: report } = useQuery(compliance)
  const total = report?.items.find(({ group }) => group === 'total')
  const { data: pools } = useQuery(capacity)
  const known = pools && `${pools.items.length}${pools.nextCursor === undefined ? '' : '+'}`
  const waiting = data && `${data.counts.waiting}${data.moreOf.includes('waiting') ? '+' : ''}`
  const open = data && Object.values(data.findings).reduce((sum, one) => sum + one, 0)
  const numbers = [
    ['Pools', known ?? '–', '/pools'],
    ['Compliance', total?.score === undefined ? '–' : `${total.score} %`, '/compliance'],
    [
      'Open findings',
      open === undefined ? '–' : `${open}${data?.moreOf.includes('findings') ? '+' : ''}`,
      '/findings?status=open',
    ],
    ['Wait for my approval', waiting ?? '–', '/exceptions?state=requested'],
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

const outcomes = [
  ['allow', 'Allowed', '#2f855a'],
  ['steer', 'Steered', '#2b6cb0'],
  ['warn', 'Warned', '#b7791f'],
  ['deny', 'Denied', '#c53030'],
] as const

function Decided(): ReactNode {
  const { data, error } = useQuery(summary)
  const hours = data?.decisions ?? []
  const bars = hours.filter((_, index) => index % hoursInBar === 0)
  const of = (outcome: (typeof outcomes)[number][0], from = 0, until = hours.length): number =>
    hours.slice(from, until).reduce((sum, hour) => sum + hour[outcome], 0)
  const inBar = (outcome: (typeof outcomes)[number][0], bar: number): number =>
    of(outcome, bar * hoursInBar, (bar + 1) * hoursInBar)
  const highest = Math.max(
    4,
    ...bars.map((_, bar) => outcomes.reduce((sum, [outcome]) => sum + inBar(outcome, bar), 0)),
  )
  const from = hours[0]?.from ?? ''
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description="By two hours, in your time zone">
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
        xDomain={bars.map(barText)}
        yDomain={[0, highest]}
        series={outcomes.map(([outcome, title, color]) => ({
          type: 'bar',
          title,
          color,
          data: bars.map((hour, bar) => ({ x: barText(hour), y: inBar(outcome, bar) })),
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
const barText = ({ from }: { readonly from: string }): string =>
  `${String(new Date(from).getHours()).padStart(2, '0')}:00`

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
  const { data, error } = useQuery(summary)
  return (
    <Container header={<Header variant="h2">What waits for my approval</Header>}>
      {error ? <Wrong error={error} /> : null}
      {data?.waiting.map(({ id, reason, by, at }) => (
        <Box key={id} padding={{ bottom: 's' }}>
          <Link to={id.startsWith('exception-') ? `/exceptions/${id}` : `/change-requests/${id}`}>
            <Said>{reason}</Said>
          </Link>{' '}
          asked for by <Said>{by}</Said>, <Moment at={at} />
        </Box>
      ))}
      {data?.waiting.length === 0 ? <Box>Nothing waits for you.</Box> : null}
    </Container>
  )
}

function Ends(): ReactNode {
  const { data, error } = useQuery(summary)
  return (
    <Container header={<Header variant="h2">Exceptions that end, and sources that are late</Header>}>
      {error ? <Wrong error={error} /> : null}
      {data?.exceptions.map(({ exceptionId, reason, target, expiresAt }) => (
        <Box key={exceptionId} padding={{ bottom: 's' }}>
          <Link to={`/exceptions/${exceptionId}`}>
            <Said>{reason}</Said>
          </Link>{' '}
          for <Linked>{target}</Linked> ends <Moment at={expiresAt} />
        </Box>
      ))}
      {data?.exceptions.length === 0 ? <Box padding={{ bottom: 's' }}>No exception is in force.</Box> : null}
      {data?.sources.map(({ sourceId, name, freshness, takenAt }) => (
        <Box key={sourceId} padding={{ bottom: 's' }}>
          <Link to="/sources">
            <Said>{name}</Said>
          </Link>{' '}
          <State of={freshness} /> <Moment at={takenAt} />
        </Box>
      ))}
      {data ? (
        <Box color="text-body-secondary">
          {data.counts.freshSources} sources have told what exists in time, {data.counts.sources} are late.
        </Box>
      ) : null}
    </Container>
  )
}
