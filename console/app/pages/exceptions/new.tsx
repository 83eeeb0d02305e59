// Asking for an exception, or breaking the glass: the same facts, and whoever breaks it needs nobody to agree beforehand.
import Alert from '@cloudscape-design/components/alert'
import Container from '@cloudscape-design/components/container'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { answer, api } from '../../api/client.ts'
import { nodes, pools } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { ChoiceField, Form, needed, TextField, useForm } from '../../parts/form.tsx'
import { useMay } from '../../parts/may.ts'
import { named } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { lengths } from './lengths.ts'

export const loader = (): Promise<null> => load(nodes, pools)

/** In force at once, for no longer than this. */
const glassLengths = lengths.filter(({ value }) => value.endsWith('h'))

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const isGlass = params.get('kind') === 'break-glass'
  return (
    <Page
      title={isGlass ? 'Break the glass' : 'Ask for an exception'}
      description={
        isGlass
          ? 'A deviation from policy at once, in an emergency. Somebody else reviews it afterwards.'
          : 'A deviation from policy for a time, once somebody else has approved it.'
      }
      commands={[
        isGlass
          ? "cadastre exception break-glass --target ACCOUNT --resource-type TYPE --locale LOCALE --pool POOL --for 1h --reason 'WHY'"
          : "cadastre exception request --target ACCOUNT --resource-type TYPE --locale LOCALE --pool POOL --for 7d --reason 'WHY'",
      ]}
      requests={[]}
    >
      <New key={String(isGlass)} isGlass={isGlass} params={params} />
    </Page>
  )
}

function New({ isGlass, params }: { isGlass: boolean; params: URLSearchParams }): ReactNode {
  const navigate = useNavigate()
  const { data: tree } = useQuery(nodes)
  const { data: known } = useQuery(pools)
  const why = useMay()
  const form = useForm({
    initial: {
      target: params.get('target') ?? '',
      resourceType: params.get('resourceType') ?? '',
      locale: params.get('locale') ?? '',
      poolId: params.get('poolId') ?? '',
      reason: '',
      for: isGlass ? '1h' : '7d',
    },
    checks: {
      target: needed('Choose for whom it is.'),
      poolId: needed('Choose what it grants.'),
      reason: needed('Say why.'),
    },
    call: ({ resourceType, locale, ...values }) => {
      const body = {
        ...values,
        reason: values.reason.trim(),
        // What the pool says by itself is left to the server.
        ...(resourceType.trim() === '' ? {} : { resourceType: resourceType.trim() }),
        ...(locale.trim() === '' ? {} : { locale: locale.trim() }),
      }
      return answer(isGlass ? api.POST('/exceptions/break-glass', { body }) : api.POST('/exceptions', { body }))
    },
    done: isGlass
      ? 'It is in force. Somebody else has to review it.'
      : 'The exception is asked for. It is in force once somebody else has approved it.',
    after: ({ exceptionId }) => void navigate(`/exceptions/${exceptionId}`),
  })
  const { target } = form.values
  const role = target === '' ? undefined : why(isGlass ? 'exception:approve' : 'exception:request', target)
  return (
    <SpaceBetween size="l">
      {isGlass ? (
        <Alert type="warning" header="It is in force at once">
          It is a finding until somebody else with the role approver has reviewed it, and your name is on record.
        </Alert>
      ) : null}
      {role === undefined ? null : (
        <Alert type="info" header="You may not do this there">
          {role}
        </Alert>
      )}
      <Container>
        <Form form={form} act={isGlass ? 'Break the glass' : 'Ask'} cancel={() => void navigate('/exceptions')}>
          <ChoiceField
            form={form}
            name="target"
            label="For"
            hint="It holds there and below."
            options={(tree?.items ?? []).map(({ nodeId, name }) => ({ value: nodeId, label: named(nodeId, name) }))}
          />
          <ChoiceField
            form={form}
            name="poolId"
            label="Pool that it may take from"
            options={(known?.items ?? []).map(({ poolId, name }) => ({ value: poolId, label: named(poolId, name) }))}
          />
          <TextField
            form={form}
            name="resourceType"
            label="Resource type"
            hint="Such as vpc. By default the only one that the pool serves."
            isOptional
          />
          <TextField
            form={form}
            name="locale"
            label="Locale"
            hint="Such as eu-central-1. By default that of the pool."
            isOptional
          />
          <ChoiceField form={form} name="for" label="For how long" options={isGlass ? glassLengths : lengths} />
          <TextField
            form={form}
            name="reason"
            label="Reason"
            hint={isGlass ? 'Whoever reviews it reads this.' : 'Whoever approves it reads this.'}
            lines={3}
          />
        </Form>
      </Container>
    </SpaceBetween>
  )
}
