// What a change that is not made yet would do: whether it can be made, what it is against, and what an account would get.
import Alert from '@cloudscape-design/components/alert'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Grid from '@cloudscape-design/components/grid'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { type Schemas, Trouble } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { Linked } from '../../parts/linked.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { State } from '../../parts/words.tsx'
import { Way } from '../decisions/explained.tsx'

/** A value once nobody has typed for a moment: each one that is asked about is a request. */
const quietMs = 350
export function useQuiet<T>(value: T): T {
  const [quiet, setQuiet] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(value), quietMs)
    return () => clearTimeout(timer)
  }, [value])
  return quiet
}

/** Why this person may not do it, in the server's words. */
export const reasonIn = (error: Error | null): string | undefined =>
  error instanceof Trouble && error.status === 403 ? error.message : undefined

/** Who would ask, out of the address of the page. */
export function askedIn(params: URLSearchParams): Schemas['SupposedRequest'] | undefined {
  const account = params.get('account') ?? ''
  const length = params.get('netmaskLength') ?? ''
  if (account === '') return undefined
  return { account, family: 'ipv4', ...(length === '' ? {} : { netmaskLength: Number(length) }) }
}

export function Preview({
  of,
  error,
  isLoading,
  can,
  first,
  policyId,
}: {
  of: Schemas['PolicyPreview'] | undefined
  error: Error | null
  isLoading: boolean
  /** What is said where nothing is wrong with it. */
  can: string
  /** What is to be done before there is anything to look at. */
  first: string
  policyId: string
}): ReactNode {
  const [params, setParams] = useSearchParams()
  const nameOf = useNodeNames()
  const { data: tree } = useQuery(nodes)
  const accounts = (tree?.items ?? [])
    .filter(({ kind }) => kind === 'account')
    .map(({ nodeId, name }) => ({ value: nodeId, label: name ?? nodeId, description: nodeId }))
  const choose = (name: string, value: string): void =>
    setParams(
      (before) => {
        const after = new URLSearchParams(before)
        if (value === '') after.delete(name)
        else after.set(name, value)
        return after
      },
      { replace: true, preventScrollReset: true },
    )
  const account = params.get('account') ?? ''
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">What it would do</Header>}>
        <SpaceBetween size="m">
          <div aria-live="polite">
            <Standing of={of} error={error} isLoading={isLoading} can={can} first={first} policyId={policyId} />
          </div>
          <Grid gridDefinition={[{ colspan: { default: 12, xxs: 7 } }, { colspan: { default: 12, xxs: 5 } }]}>
            <FormField label="For the account">
              <Select
                filteringType="auto"
                placeholder="Choose an account"
                options={accounts}
                selectedOption={
                  account === '' ? null : { value: account, label: nameOf(account) ?? account, description: account }
                }
                onChange={({ detail }) => choose('account', detail.selectedOption.value ?? '')}
              />
            </FormField>
            <FormField
              label={
                <>
                  Prefix length <i>– optional</i>
                </>
              }
            >
              <Input
                type="number"
                value={params.get('netmaskLength') ?? ''}
                onChange={({ detail }) => choose('netmaskLength', detail.value)}
              />
            </FormField>
          </Grid>
          {of?.request ? <Outcome of={of.request} policyId={policyId} account={account} /> : null}
        </SpaceBetween>
      </Container>
      {of?.request ? <Way of={of.request.supposed} /> : null}
    </SpaceBetween>
  )
}

function Standing({
  of,
  error,
  isLoading,
  can,
  first,
  policyId,
}: {
  of: Schemas['PolicyPreview'] | undefined
  error: Error | null
  isLoading: boolean
  can: string
  first: string
  policyId: string
}): ReactNode {
  if (error instanceof Trouble && error.status === 403)
    return (
      <Alert type="info" header="You may not change this">
        <bdi className="text">{error.message}</bdi>
      </Alert>
    )
  if (error) return <StatusIndicator type="error">{error.message}</StatusIndicator>
  if (!of && !isLoading) return <StatusIndicator type="pending">{first}</StatusIndicator>
  if (!of) return <StatusIndicator type="loading">It is looked at.</StatusIndicator>
  const { conflict } = of
  if (!conflict) return <StatusIndicator type="success">{can}</StatusIndicator>
  const other = conflict.parties.find((one) => one.policyId !== policyId) ?? conflict.parties[0]!
  return (
    <Alert type="error" header="It cannot be met together with another policy">
      <Linked names={of.names}>{`${other.policyId}, enabled on ${other.targetId}`}</Linked>
      <div>
        <Linked names={of.names}>{`At ${conflict.node}: ${conflict.problem}.`}</Linked>
      </div>
    </Alert>
  )
}

function Outcome({
  of: { present, supposed, isOnPath },
  policyId,
  account,
}: {
  of: Schemas['PreviewedRequest']
  policyId: string
  account: string
}): ReactNode {
  const nameOf = useNodeNames()
  return (
    <SpaceBetween size="s">
      {isOnPath ? null : (
        <Alert type="info">
          It is not enabled on the way to {named(account, nameOf(account))}, so nothing changes there.{' '}
          <Link to={`/policies/${policyId}/assignment`}>Enable it</Link>
        </Alert>
      )}
      <Grid gridDefinition={[{ colspan: { default: 12, xxs: 6 } }, { colspan: { default: 12, xxs: 6 } }]}>
        <Answered title="Now" of={present} />
        <Answered title="Then" of={supposed} />
      </Grid>
    </SpaceBetween>
  )
}
function Answered({ title, of }: { title: string; of: Schemas['Explanation'] }): ReactNode {
  return (
    <FormField label={title}>
      <SpaceBetween size="xxs">
        <State of={of.outcome} />
        <Linked names={of.names}>{of.messages.short}</Linked>
        {of.wouldBe === undefined ? null : (
          <span>
            What only watches would say: <State of={of.wouldBe.outcome} />
          </span>
        )}
      </SpaceBetween>
    </FormField>
  )
}
