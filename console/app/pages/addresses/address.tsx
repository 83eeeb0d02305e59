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
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { flagsOf, nodes, searchParamsOf } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Cidr, Mode, Moment, Said, State } from '../../parts/words.tsx'
import { found } from '../search.tsx'

/** The end of a day in the person's zone. */
const endOf = (day: string): string => new Date(`${day}T23:59:59.999`).toISOString()
/** How many tenures the page shows: of older ones the command line tells. */
const tenuresMax = 100

const life = (cidr: string, day: string | null) => {
  const query = {
    cidr,
    limit: tenuresMax,
    ...(day === null ? {} : { from: new Date(`${day}T00:00:00`).toISOString(), until: endOf(day) }),
  }
  return ask(['life', query], (signal) => api.GET('/history/addresses', { params: { query }, signal }))
}
export const loader = ({ request }: { request: Request }): Promise<null> => {
  const params = searchParamsOf(request)
  const cidr = params.get('cidr') ?? ''
  return load(found(cidr), life(cidr, params.get('day')), nodes)
}

export function Component(): ReactNode {
  const [params, setParams] = useSearchParams()
  const cidr = params.get('cidr') ?? ''
  const day = params.get('day')
  const nameOf = useNodeNames()
  const { data, error } = useQuery(found(cidr))
  const { data: tenures, error: noLife } = useQuery(life(cidr, day))
  const setDay = (value: string): void => setParams(value === '' ? { cidr } : { cidr, day: value })
  return (
    <Page
      title={cidr}
      commands={[
        `cadastre find ${cidr}`,
        `cadastre history address --cidr ${cidr}${flagsOf(day === null ? {} : { from: day })}`,
      ]}
      requests={[`/find?q=${encodeURIComponent(cidr)}`, `/history/addresses?cidr=${encodeURIComponent(cidr)}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data?.places.length === 0 ? (
        <Alert type="info" header="Outside of every pool">
          No pool that you may see has {cidr}.
        </Alert>
      ) : null}
      {data?.places.map((place) => (
        <Place key={`${place.space} ${place.scopeId}`} place={place} nameOf={nameOf} />
      ))}
      <Container
        header={
          <Header
            variant="h2"
            description={day === null ? 'Everybody who had it, the latest first' : `Everybody who had it on ${day}`}
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
          <p>Nobody had it{day === null ? '' : ' on that day'}, as far as the record goes and you may see.</p>
        ) : null}
        <ol className="life">
          {tenures?.items.map((one) => (
            <li key={`${one.allocationId} ${one.from} ${one.cidr}`}>
              <Box fontWeight="bold">
                <Account id={one.account} name={nameOf(one.account)} /> {one.until === undefined ? 'has' : 'had'}{' '}
                <Cidr>{one.cidr}</Cidr>
              </Box>
              <div>
                <Moment at={one.from} /> until {one.until === undefined ? 'now' : <Moment at={one.until} />}
                {one.ending === undefined ? null : `, ${one.ending}`}
              </div>
              <div>
                as {one.resourceType}
                {one.resourceId === undefined ? '' : ` ${one.resourceId}`}, {one.state}
                {one.requestedBy === undefined ? null : (
                  <>
                    , asked for by <Said>{one.requestedBy.principal}</Said> ({one.requestedBy.action})
                  </>
                )}
              </div>
              <div>
                {one.decisionId === undefined ? null : (
                  <Link to={`/decisions/${one.decisionId}`}>Why: decision {one.decisionId}</Link>
                )}
                {one.policy === undefined ? null : (
                  <>
                    , by <Link to={`/policies/${one.policy.policyId}`}>policy</Link> version {one.policy.version}
                  </>
                )}
              </div>
            </li>
          ))}
        </ol>
        {tenures?.nextCursor === undefined ? null : (
          <p>There is more: the latest {tenuresMax} are shown. Choose a day.</p>
        )}
      </Container>
    </Page>
  )
}

function Place({
  place,
  nameOf,
}: {
  place: Schemas['AddressFound']
  nameOf: (id: string) => string | undefined
}): ReactNode {
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
              <Link to={`/allocations?within=${encodeURIComponent(place.chain.at(-1)?.cidr ?? '')}`}>All of them</Link>
            ) : null}
          </div>
        )}
      </SpaceBetween>
    </Container>
  )
}
