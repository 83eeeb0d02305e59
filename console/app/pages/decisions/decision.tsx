// One decision: why, and what to do about it.
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { answer, api } from '../../api/client.ts'
import { nodes, pools } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { ChoiceField, FormDialog, needed, TextField, useForm } from '../../parts/form.tsx'
import { Page, Wrong } from '../../parts/page.tsx'
import { Explained } from './explained.tsx'

const explained = (decisionId: string) =>
  ask(['explanation', decisionId], (signal) =>
    api.GET('/decisions/{decisionId}/explanation', { params: { path: { decisionId } }, signal }),
  )
export const loader = ({ params: { decisionId } }: { params: { decisionId?: string } }): Promise<null> =>
  load(explained(decisionId!), nodes, pools)

export function Component(): ReactNode {
  const decisionId = useParams().decisionId!
  const { data, error } = useQuery(explained(decisionId))
  const [isAsking, setAsking] = useState(false)
  const navigate = useNavigate()
  const isDenied = data?.outcome === 'deny' || data?.outcome === 'steer'
  return (
    <Page
      title={
        data
          ? { allow: 'Allowed', steer: 'Steered', warn: 'Allowed with a warning', deny: 'Denied' }[data.outcome]
          : 'Decision'
      }
      description={decisionId}
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Button onClick={() => void navigate(`/evidence/verify?decision=${decisionId}`)}>Verify</Button>
          <Button
            variant="primary"
            disabled={!isDenied}
            disabledReason="It got what it asked for: there is nothing to make an exception of."
            onClick={() => setAsking(true)}
          >
            Ask for an exception
          </Button>
        </SpaceBetween>
      }
      commands={[
        `cadastre explain ${decisionId}`,
        `cadastre exception request --decision ${decisionId} --for 7d --reason 'WHY'`,
      ]}
      requests={[`/decisions/${decisionId}/explanation`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? <Explained of={data} /> : null}
      {isAsking ? <AskForException decisionId={decisionId} close={() => setAsking(false)} /> : null}
    </Page>
  )
}

const lengths = [
  { value: '1d', label: '1 day' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
]

export function AskForException({ decisionId, close }: { decisionId: string; close: () => void }): ReactNode {
  const navigate = useNavigate()
  const form = useForm({
    initial: { reason: '', for: '7d' },
    checks: { reason: needed('Say why.') },
    call: (values) =>
      answer(api.POST('/exceptions', { body: { decisionId, ...values, reason: values.reason.trim() } })),
    done: 'The exception is asked for. It is in force once somebody else has approved it.',
    after: ({ exceptionId }) => void navigate(`/exceptions/${exceptionId}`),
  })
  return (
    <FormDialog form={form} title="Ask for an exception" act="Ask" close={close}>
      <p>
        It grants what this request was denied, to the same account, type and locale, for a time. Somebody else approves
        it.
      </p>
      <TextField form={form} name="reason" label="Reason" hint="Whoever approves it reads this." lines={3} isFirst />
      <ChoiceField form={form} name="for" label="For" options={lengths} />
    </FormDialog>
  )
}
