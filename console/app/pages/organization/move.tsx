// Moving an account: what it would do is shown before it is done, or proposed. Where to is in the address of the page.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { answer, api } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { useAct } from '../../parts/act.ts'
import { Acts } from '../../parts/acts.tsx'
import { changeActs } from '../../parts/change-acts.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Facts } from '../../parts/facts.tsx'
import { useMay } from '../../parts/may.ts'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { Account, Cidr, Said } from '../../parts/words.tsx'

export const loader = (): Promise<null> => load(nodes)

/** Of a dry run, in a header: how much space in use would comply no more, and would again. */
interface Impact {
  readonly evaluated: number
  readonly isWhole: boolean
  readonly noncompliant: number
  readonly compliant: number
  readonly samples?: readonly { readonly id: string; readonly cidr: string; readonly becomes: string }[]
}
async function tried(id: string, parentId: string, signal: AbortSignal): Promise<Impact | null> {
  const call = api.POST('/accounts/{account}/move', {
    params: { path: { account: id }, query: { dryRun: 'true' } },
    body: { parentId },
    signal,
  })
  await answer(call)
  const { response } = await call
  const told = response.headers.get('x-cadastre-impact')
  return told === null ? null : (JSON.parse(told) as Impact)
}

export function Component(): ReactNode {
  const navigate = useNavigate()
  const [params, setParams] = useSearchParams()
  const [isMoving, setMoving] = useState(false)
  const id = params.get('id') ?? ''
  const to = params.get('to') ?? ''
  const nameOf = useNodeNames()
  const may = useMay()
  const { data: tree } = useQuery(nodes)
  const from = tree?.items.find(({ nodeId }) => nodeId === id)?.parentId
  const { data, error, isFetching } = useQuery({
    queryKey: ['move', id, to],
    queryFn: ({ signal }) => tried(id, to, signal),
    enabled: to !== '',
    retry: false,
  })
  const places = (tree?.items ?? [])
    .filter(({ kind, nodeId }) => kind !== 'account' && nodeId !== from)
    .map(({ nodeId, name }) => {
      const reason = may('organization:manage', nodeId)
      return {
        value: nodeId,
        label: name,
        description: nodeId,
        disabled: reason !== undefined,
        ...(reason === undefined ? {} : { disabledReason: reason }),
      }
    })
  const first = to === '' ? 'Choose where it is to hang.' : undefined
  const operations = [{ operation: 'moveAccount' as const, input: { account: id, parentId: to } }]
  return (
    <Page
      title={`Move ${nameOf(id) ?? id}`}
      description="Other policies, roles and exceptions apply to it from then on. What it has stays where it is."
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Acts of={{}} acts={changeActs(operations, first, navigate)} />
          <Button
            variant="primary"
            disabled={first !== undefined || error !== null || isFetching}
            disabledReason={first ?? (isFetching ? 'It is looked at.' : 'It would be refused: see below.')}
            onClick={() => setMoving(true)}
          >
            Move it
          </Button>
        </SpaceBetween>
      }
      commands={[
        `cadastre account move ${id} --parent-id '${to || 'PARENT'}' --impact`,
        `cadastre account move ${id} --parent-id '${to || 'PARENT'}'`,
      ]}
      requests={[]}
    >
      <Facts
        title="Account"
        facts={[
          ['Account', <Account key="a" id={id} name={nameOf(id)} />],
          ['It hangs under', from === undefined ? undefined : <Said key="f">{named(from, nameOf(from))}</Said>],
        ]}
      />
      <Container header={<Header variant="h2">Where to</Header>}>
        <FormField label="It is to hang under">
          <Select
            placeholder="Choose a unit"
            filteringType="auto"
            options={places}
            selectedOption={places.find(({ value }) => value === to) ?? null}
            onChange={({ detail }) =>
              setParams(
                (before) => {
                  const after = new URLSearchParams(before)
                  after.set('to', detail.selectedOption.value ?? '')
                  return after
                },
                { replace: true, preventScrollReset: true },
              )
            }
          />
        </FormField>
      </Container>
      <Container header={<Header variant="h2">What it would do to space in use</Header>}>
        <div aria-live="polite">
          {first !== undefined ? (
            <StatusIndicator type="pending">{first}</StatusIndicator>
          ) : error ? (
            <Refused error={error} />
          ) : data === undefined ? (
            <StatusIndicator type="loading">It is looked at.</StatusIndicator>
          ) : (
            <Found impact={data} />
          )}
        </div>
      </Container>
      <Alert type="info">
        <b>What would break?</b> also asks the requests of its last days again under the other policies: what would be
        newly denied, and what would be served from elsewhere.
      </Alert>
      {isMoving ? <Move id={id} to={to} close={() => setMoving(false)} /> : null}
    </Page>
  )
}

function Found({ impact }: { impact: Impact | null }): ReactNode {
  if (impact === null || impact.noncompliant + impact.compliant === 0)
    return (
      <StatusIndicator type="success">
        {impact === null || impact.isWhole
          ? 'Nothing that is in use changes.'
          : `Nothing changes of ${impact.evaluated} allocations that were looked at: there are more.`}
      </StatusIndicator>
    )
  const { noncompliant, compliant, evaluated, isWhole, samples = [] } = impact
  return (
    <SpaceBetween size="s">
      <StatusIndicator type={noncompliant > 0 ? 'warning' : 'success'}>
        Of {evaluated} {evaluated === 1 ? 'allocation' : 'allocations'}
        {isWhole ? '' : ' that were looked at'}, {noncompliant} would comply no more, and {compliant} again.
      </StatusIndicator>
      {samples.map((one) => (
        <Box key={one.id}>
          <Cidr>{one.cidr}</Cidr> {one.becomes === 'noncompliant' ? 'would comply no more' : 'would comply again'}
        </Box>
      ))}
    </SpaceBetween>
  )
}

function Move({ id, to, close }: { id: string; to: string; close: () => void }): ReactNode {
  const navigate = useNavigate()
  const nameOf = useNodeNames()
  const act = useAct<void, unknown>(
    () => answer(api.POST('/accounts/{account}/move', { params: { path: { account: id } }, body: { parentId: to } })),
    'The account has moved.',
    () => void navigate(`/account?id=${encodeURIComponent(id)}`),
  )
  return (
    <Confirm
      title="Move this account"
      act="Move it"
      isBusy={act.isPending}
      error={act.error}
      close={close}
      confirm={() => act.mutate()}
    >
      <p>
        <Said>{named(id, nameOf(id))}</Said> hangs under <Said>{named(to, nameOf(to))}</Said> from the next request on.
      </p>
    </Confirm>
  )
}
