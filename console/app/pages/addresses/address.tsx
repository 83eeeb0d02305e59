// An address or block: where it lies, who has it, which policy speaks for it, and its whole life.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import DatePicker from '@cloudscape-design/components/date-picker'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, redirect, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { flagsOf, nodes, searchParamsOf } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Cidr, Mode, Moment, Said, State } from '../../parts/words.tsx'
import { found } from '../search.tsx'
import { type Asked, askedFor, isInRange } from './asked.ts'
import { Life, Line } from './life.tsx'

/** The end of a day in the person's zone. */
const endOf = (day: string): string => new Date(`${day}T23:59:59.999`).toISOString()
/** How many tenures the page shows: of older ones the command line tells. */
const tenuresMax = 100

const spanOf = (day: string | null) =>
  day === null ? {} : { from: new Date(`${day}T00:00:00`).toISOString(), until: endOf(day) }
const life = (asked: Asked, day: string | null) => {
  const query = { limit: tenuresMax, ...spanOf(day) }
  return ask(['life', asked.of, asked.text, query], (signal) => {
    if (asked.of === 'account')
      return api.GET('/history/accounts/{account}', { params: { path: { account: asked.text }, query }, signal })
    if (asked.of === 'resource')
      return api.GET('/history/resources/{resourceId}', { params: { path: { resourceId: asked.text }, query }, signal })
    return api.GET('/history/addresses', { params: { query: { ...query, cidr: blockOf(asked) } }, signal })
  })
}
/** What is asked for of a range: the block around it. */
const blockOf = (asked: Asked): string => (asked.of === 'range' ? asked.around : asked.text)
const isPlaced = (asked: Asked): boolean => asked.of === 'block' || asked.of === 'range'
const accountOf = (account: string) =>
  ask(['account', account], (signal) => api.GET('/accounts/{account}', { params: { path: { account } }, signal }))

export const loader = ({ request }: { request: Request }): Promise<null> | Response => {
  const params = searchParamsOf(request)
  const asked = askedFor(params)
  if (asked.text === '') return redirect('/search')
  return load(...(isPlaced(asked) ? [found(blockOf(asked))] : []), life(asked, params.get('day')), nodes)
}

export function Component(): ReactNode {
  const [params, setParams] = useSearchParams()
  const asked = askedFor(params)
  const cidr = blockOf(asked)
  const day = params.get('day')
  const [now] = useState(() => Date.now())
  const nameOf = useNodeNames()
  const { data, error } = useQuery({ ...found(cidr), enabled: isPlaced(asked) })
  const { data: read, error: noLife } = useQuery(life(asked, day))
  const tenures = read && {
    ...read,
    items: asked.of === 'range' ? read.items.filter((one) => isInRange(asked, one.cidr)) : read.items,
  }
  const setDay = (value: string): void =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      if (value === '') after.delete('day')
      else after.set('day', value)
      return after
    })
  const spoken = { ...(day === null ? {} : { from: day }) }
  const [command, path] =
    asked.of === 'account'
      ? [`cadastre history account ${asked.text}`, `/history/accounts/${asked.text}`]
      : asked.of === 'resource'
        ? [`cadastre history resource ${asked.text}`, `/history/resources/${encodeURIComponent(asked.text)}`]
        : [`cadastre history address --cidr ${cidr}`, `/history/addresses?cidr=${encodeURIComponent(cidr)}`]
  return (
    <Page
      title={asked.of === 'account' ? (nameOf(asked.text) ?? asked.text) : asked.text}
      description={descriptions[asked.of]}
      commands={[...(isPlaced(asked) ? [`cadastre find ${cidr}`] : []), `${command}${flagsOf(spoken)}`]}
      requests={[...(isPlaced(asked) ? [`/find?q=${encodeURIComponent(cidr)}`] : []), path]}
    >
      {error ? <Wrong error={error} /> : null}
      {data?.places.length === 0 ? (
        <Alert type="info" header="Outside of every pool">
          No pool that you may see has {asked.text}.
        </Alert>
      ) : null}
      {data?.places.map((place) => (
        <Place key={`${place.space} ${place.scopeId}`} place={place} within={cidr} nameOf={nameOf} />
      ))}
      <Container
        header={
          <Header
            variant="h2"
            description={day === null ? sayingOf(asked) : `${sayingOf(asked)}, on ${day}`}
            actions={
              <SpaceBetween size="xs" direction="horizontal" alignItems="end">
                <FormField label="On the day">
                  <DatePicker
                    value={day ?? ''}
                    onChange={({ detail }) => setDay(detail.value)}
                    placeholder="YYYY-MM-DD"
                    format="iso"
                    openCalendarAriaLabel={(chosen) => `Choose a day${chosen ? `, chosen is ${chosen}` : ''}`}
                    nextMonthAriaLabel="Next month"
                    previousMonthAriaLabel="Previous month"
                    todayAriaLabel="Today"
                  />
                </FormField>
                <Button disabled={day === null} disabledReason="All days are shown." onClick={() => setDay('')}>
                  All days
                </Button>
              </SpaceBetween>
            }
          >
            Its life
          </Header>
        }
      >
        {noLife ? <Wrong error={noLife} /> : null}
        {tenures?.items.length === 0 ? (
          <p>Nobody had any of it{day === null ? '' : ' on that day'}, as far as the record goes and you may see.</p>
        ) : null}
        {tenures === undefined || tenures.items.length === 0 ? null : (
          <SpaceBetween size="m">
            <Line tenures={tenures.items} now={now} />
            <Life tenures={tenures.items} nameOf={nameOf} />
          </SpaceBetween>
        )}
        {tenures?.nextCursor === undefined ? null : (
          <p>There is more: the latest {tenuresMax} are shown. Choose a day.</p>
        )}
      </Container>
    </Page>
  )
}
const descriptions: Readonly<Record<Asked['of'], string>> = {
  block: 'Where it lies, who has it, which policy speaks for it, and its whole life',
  range: 'A range: where it lies, who has something of it, and its whole life',
  resource: 'A network or other resource: what space it had',
  account: 'An account: what space it had',
}
const sayingOf = (asked: Asked): string =>
  asked.of === 'account' || asked.of === 'resource'
    ? 'What it has, and what it had, the latest first'
    : 'Everybody who had it, the latest first'

/** Whom to ask about what somebody has. */
function Contact({ account }: { account: string }): ReactNode {
  const { data } = useQuery(accountOf(account))
  return (
    <div>
      <Box variant="awsui-key-label">Whom to ask</Box>
      {data === undefined ? null : (
        <>
          <Account id={account} name={data.name} />: <Said>{data.contact ?? data.email}</Said>
        </>
      )}
    </div>
  )
}

function Place({
  place,
  within,
  nameOf,
}: {
  place: Schemas['AddressFound']
  /** The block that was asked for: what lies in it is listed. */
  within: string
  nameOf: (id: string) => string | undefined
}): ReactNode {
  const holder = place.chain.findLast(({ kind }) => kind !== 'pool' && kind !== 'quarantine')?.account
  const where =
    place.space === 'private'
      ? `In scope ${place.scopeName ?? place.scopeDescription ?? place.scopeId}`
      : `In ${place.space} space`
  return (
    <Container
      header={
        <Header variant="h2" actions={place.state === undefined ? undefined : <State of={place.state} />}>
          {where}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <div>
          {place.chain.map((step, depth) => (
            <Box key={`${step.kind} ${step.id} ${step.cidr}`} padding={{ bottom: 'xs' }}>
              <span style={{ paddingInlineStart: depth * 20 }}>
                {depth > 0 ? '└ ' : ''}
                {step.kind}{' '}
                {step.kind === 'pool' && step.id !== undefined ? (
                  <Link to={`/pools/${step.id}`}>
                    <Said>{step.name ?? step.id}</Said>
                  </Link>
                ) : (
                  <Said>{step.name ?? step.id}</Said>
                )}{' '}
                {step.cidr === undefined ? null : <Cidr>{step.cidr}</Cidr>}
                {step.account === undefined ? null : (
                  <>
                    {' '}
                    of <Account id={step.account} name={nameOf(step.account)} />
                  </>
                )}
                {step.resourceType === undefined ? null : `, ${step.resourceType}`}
                {step.decisionId === undefined ? null : (
                  <>
                    ,{' '}
                    <Link to={`/decisions/${step.decisionId}`} aria-label={`Why: decision ${step.decisionId}`}>
                      why
                    </Link>
                  </>
                )}
                {step.since === undefined ? null : (
                  <>
                    , since <Moment at={step.since} />
                  </>
                )}
                {step.until === undefined ? null : (
                  <>
                    , until <Moment at={step.until} />
                  </>
                )}
              </span>
            </Box>
          ))}
        </div>
        {holder === undefined ? null : <Contact account={holder} />}
        {place.policy === undefined ? null : (
          <div>
            <Box variant="awsui-key-label">
              Policy that speaks for it ({place.policy.resourceType} in {place.policy.locale})
            </Box>
            {place.policy.assignments.length === 0 ? 'None.' : null}
            {place.policy.assignments.map((one) => (
              <div key={`${one.policyId} ${one.target}`}>
                <Link to={`/policies/${one.policyId}`}>
                  <Said>{one.policyName ?? one.policyId}</Said>
                </Link>{' '}
                version {one.version}, {one.kind} on {nameOf(one.target) ?? one.target} <Mode of={one.mode} />
              </div>
            ))}
          </div>
        )}
        {place.inside.length === 0 ? null : (
          <div>
            <Box variant="awsui-key-label">Inside</Box>
            {place.inside.map((step) => (
              <div key={`${step.kind} ${step.id} ${step.cidr}`}>
                {step.kind} {step.cidr === undefined ? null : <Cidr>{step.cidr}</Cidr>}{' '}
                <Said>{step.name ?? step.resourceId ?? ''}</Said>
              </div>
            ))}
            {place.hasMoreInside ? (
              <Link to={`/allocations?within=${encodeURIComponent(within)}`}>All of them</Link>
            ) : null}
          </div>
        )}
      </SpaceBetween>
    </Container>
  )
}
