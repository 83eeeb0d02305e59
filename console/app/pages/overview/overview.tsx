// What somebody looks at first: what runs dry, what was decided, what does not comply, what waits.
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
import { ask, load, loadBriefly } from '../../api/queries.ts'
import { Bars } from '../../parts/bars.tsx'
import { Linked } from '../../parts/linked.tsx'
import { Page, Wrong } from '../../parts/page.tsx'
import { Away, Count, Counting, countText, Moment, Said, State, Used } from '../../parts/words.tsx'
import { First } from '../start/first.tsx'
import { pathOfWaiting } from './waiting-path.ts'

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
export const loader = async (): Promise<null> => {
  // Compliance counts everything that is in use.
  await Promise.all([load(summary, capacity, nodes), loadBriefly(compliance)])
  return null
}

export function Component(): ReactNode {
  return (
    <Page
      title="Overview"
      commands={['cadastre overview', 'cadastre capacity', 'cadastre compliance']}
      requests={['/overview', '/capacity', '/compliance?by=unit']}
    >
      <Beginning />
      <Numbers />
      {/* Two columns that know nothing of each other: a short box beside a long one would be mostly empty. */}
      <ColumnLayout columns={2} minColumnWidth={280}>
        <SpaceBetween size="l">
          <Dry />
          <Waits />
          <Found />
        </SpaceBetween>
        <SpaceBetween size="l">
          <Decided />
          <Complies />
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
  const open = data && Object.values(data.findings).reduce((sum, one) => sum + one, 0)
  const many = (count: number | undefined, part: string): string =>
    data === undefined || count === undefined ? '–' : `${count}${data.moreOf.includes(part) ? '+' : ''}`
  const numbers = [
    ['Pools', known ?? '–', '/pools'],
    ['Compliance', total?.score === undefined ? '–' : `${total.score} %`, '/compliance'],
    ['Open findings', many(open, 'findings'), '/findings?status=open'],
    ['Wait for my approval', many(data?.counts.waiting, 'waiting'), '/waiting?for=approve'],
    ['Exceptions in force', many(data?.counts.exceptions, 'exceptions'), '/exceptions?state=active'],
    ['Late sources', many(data?.counts.sources, 'sources'), '/sources?freshness=late'],
  ] as const
  return (
    <Container>
      <div className="numbers">
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
      </div>
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
      header={
        <Header variant="h2" description="By the day they run dry, then by how full they are">
          Pools that run dry first
        </Header>
      }
    >
      {error ? <Wrong error={error} /> : null}
      <ol className="bare" aria-label="Pools that run dry first">
        {rows.map((pool) => (
          <li key={pool.poolId}>
            <ColumnLayout columns={3} minColumnWidth={80}>
              <Link to={`/pools/${pool.poolId}`}>
                <Said>{pool.name ?? pool.poolId}</Said>
              </Link>
              <Used percent={pool.usedPercent ?? 0} of={`${pool.free} of ${pool.provisioned} free`} />
              <Box color="text-body-secondary">
                {pool.free === '0' ? 'nothing is left' : null}
                {pool.free !== '0' && pool.runsDryOn !== undefined ? `dry on ${pool.runsDryOn}` : null}
                {pool.free !== '0' && pool.runsDryOn === undefined ? (
                  <>
                    <Count of={pool.free} /> free
                  </>
                ) : null}
              </Box>
            </ColumnLayout>
          </li>
        ))}
      </ol>
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
  const from = hours[0]?.from ?? ''
  return (
    <Container
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
      <Bars<Schemas['HourOfDecisions']>
        rows={bars}
        label={barText}
        series={outcomes.map(([outcome, title, color]) => ({
          title,
          color,
          of: (hour) => inBar(outcome, bars.indexOf(hour)),
        }))}
        height={180}
        ariaLabel="Decisions of the last day, by two hours"
        what="decisions"
        by="hours"
        legend="Outcomes"
        empty="Nobody asked for space in the last day."
      />
      {data?.moreOf.includes('decisions') ? (
        <Box color="text-body-secondary">Only the latest are counted: there are more.</Box>
      ) : null}
    </Container>
  )
}
const barText = ({ from }: { readonly from: string }): string =>
  `${String(new Date(from).getHours()).padStart(2, '0')}:00`

const severities = ['critical', 'high', 'medium', 'low', 'informational'] as const

function Found(): ReactNode {
  const { data, error } = useQuery(summary)
  const open = severities.filter((one) => (data?.findings[one] ?? 0) > 0)
  return (
    <Container
      header={
        <Header variant="h2" description="By severity">
          Open findings
        </Header>
      }
    >
      {error ? <Wrong error={error} /> : null}
      <div className="counts">
        {open.map((severity) => (
          <Link key={severity} to={`/findings?status=open&severity=${severity}`}>
            {data?.findings[severity]} {severity}
          </Link>
        ))}
      </div>
      {data && open.length === 0 ? <Box>Nothing is found that is open.</Box> : null}
    </Container>
  )
}

/** The worst come first. */
const unitsShown = 8
/** Each of them is a list of findings. */
const partsOf = ({ noncompliant, exempt, ignored }: Schemas['ComplianceGroup']) =>
  [
    [noncompliant, 'not compliant', '/findings?status=open&control=policy'],
    [exempt, 'exempt', '/findings?status=open&control=policy-exempt'],
    [ignored, 'set aside', '/findings?status=suppressed&control=policy'],
  ] as const

function Complies(): ReactNode {
  const { data, error, isPending } = useQuery(compliance)
  const units = (data?.items ?? []).filter(({ group }) => group !== 'total')
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Exempt space is in no score: it is counted apart. What was set aside stays in it"
        >
          Compliance by unit
        </Header>
      }
    >
      {error ? <Wrong error={error} /> : null}
      {isPending ? <Counting of="space in use" /> : null}
      <ol className="bare" aria-label="Compliance by unit">
        {units.slice(0, unitsShown).map((unit) => (
          <li key={unit.group}>
            <ColumnLayout columns={2} minColumnWidth={120}>
              <span className="counts">
                <Link to={`/compliance?by=account&node=${unit.group}`}>
                  <Said>{unit.name ?? unit.group}</Said>
                </Link>
                <b className="number">{unit.score === undefined ? '–' : `${unit.score} %`}</b>
              </span>
              <span className="counts">
                {partsOf(unit).map(([count, word, to]) =>
                  count === 0 ? null : (
                    <Link key={word} to={`${to}&node=${unit.group}`}>
                      {countText(count)} {word}
                    </Link>
                  ),
                )}
                <span>{countText(unit.compliant)} compliant</span>
                {unit.unknown === 0 ? null : <span>{countText(unit.unknown)} not looked at yet</span>}
              </span>
            </ColumnLayout>
          </li>
        ))}
      </ol>
      {units.length > unitsShown ? <Link to="/compliance?by=unit">All {data?.groupCount} units</Link> : null}
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
          <Link to={pathOfWaiting({ id })}>
            <Said>{reason}</Said>
          </Link>{' '}
          asked for by <Said>{by}</Said>, <Moment at={at} />
        </Box>
      ))}
      {data?.waiting.length === 0 ? <Box>Nothing waits for your approval.</Box> : null}
      {data && (data.counts.waiting ?? 0) > data.waiting.length ? (
        <Link to="/waiting?for=approve">All {data.counts.waiting}</Link>
      ) : null}
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
          for <Linked>{target}</Linked> ends <Away at={expiresAt} />
        </Box>
      ))}
      {data?.exceptions.length === 0 ? <Box padding={{ bottom: 's' }}>No exception is in force.</Box> : null}
      {data?.sources.map(({ sourceId, name, freshness, takenAt }) => (
        <Box key={sourceId} padding={{ bottom: 's' }}>
          <Link to="/sources">
            <Said>{name}</Said>
          </Link>{' '}
          {freshness === 'never' ? (
            'has told nothing yet'
          ) : (
            <>
              <State of={freshness} /> <Moment at={takenAt} />
            </>
          )}
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
