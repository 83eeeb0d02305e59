// Editing a change request: what for, what is done, when, and in which stages. What was approved is void then, and the page says so first.
import Alert from '@cloudscape-design/components/alert'
import Container from '@cloudscape-design/components/container'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useNavigate, useParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { load, session } from '../../api/queries.ts'
import { Form, needed, TextField, useForm } from '../../parts/form.tsx'
import { useMay } from '../../parts/may.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { reasonOf } from './change-acts.ts'
import { one } from './change-request.tsx'

type Request = Schemas['ChangeRequest']
export const loader = ({ params: { changeRequestId } }: { params: { changeRequestId?: string } }): Promise<null> =>
  load(one(changeRequestId!), nodes)

export function Component(): ReactNode {
  const changeRequestId = useParams().changeRequestId!
  const { data, error } = useQuery(one(changeRequestId))
  const { data: me } = useQuery(session)
  const why = useMay()
  const cannot = data && reasonOf('edit', { request: data, me: me?.principal, why, edit: () => {} })
  return (
    <Page
      title={`Edit: ${data?.reason ?? changeRequestId}`}
      description={changeRequestId}
      commands={[
        `cadastre change-request edit ${changeRequestId} --operations FILE --content-hash ${data?.contentHash ?? 'HASH'}`,
      ]}
      requests={[`/change-requests/${changeRequestId}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {cannot === undefined ? null : (
        <Alert type="info" header="You cannot edit it">
          {cannot}
        </Alert>
      )}
      {data && cannot === undefined ? <Editor request={data} key={changeRequestId} /> : null}
    </Page>
  )
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
const isMoment = (text: string): string | undefined =>
  text.trim() === '' || !Number.isNaN(Date.parse(text))
    ? undefined
    : 'A moment is expected, such as 2026-12-24T22:00:00Z.'
const shown = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value, null, 2))
const rows = 14

function Editor({ request }: { request: Request }): ReactNode {
  const navigate = useNavigate()
  const { changeRequestId, contentHash, approvals } = request
  const back = (): void => void navigate(`/change-requests/${changeRequestId}`)
  const initial = {
    reason: request.reason,
    operations: shown(request.operations),
    from: request.window?.from ?? '',
    until: request.window?.until ?? '',
    rollout: shown(request.rollout),
    // What was shown when the form was opened, whoever edits it meanwhile.
    contentHash,
  }
  const form = useForm({
    initial,
    checks: {
      reason: needed('Say why.'),
      operations: (text) => (Array.isArray(parsed(text)) ? undefined : 'A list of operations in JSON is expected.'),
      from: isMoment,
      until: isMoment,
      rollout: (text) =>
        text.trim() === '' || parsed(text) !== undefined ? undefined : 'JSON is expected, or nothing.',
    },
    fieldOf: (member) =>
      member.startsWith('operations')
        ? 'operations'
        : member.startsWith('rollout')
          ? 'rollout'
          : member === 'window'
            ? 'from'
            : undefined,
    call: ({ reason, operations, from, until, rollout, contentHash: shownThen }) => {
      const at = (text: string) => (text.trim() === '' ? undefined : new Date(text).toISOString())
      const [begin, end] = [at(from), at(until)]
      const window = { ...(begin === undefined ? {} : { from: begin }), ...(end === undefined ? {} : { until: end }) }
      const body = {
        reason: reason.trim(),
        ...(operations === initial.operations ? {} : { operations: parsed(operations) as Request['operations'] }),
        ...(from === initial.from && until === initial.until
          ? {}
          : { window: Object.keys(window).length === 0 ? null : window }),
        ...(rollout === initial.rollout
          ? {}
          : { rollout: rollout.trim() === '' ? null : (parsed(rollout) as NonNullable<Request['rollout']>) }),
        contentHash: shownThen,
      }
      return answer(api.PATCH('/change-requests/{changeRequestId}', { params: { path: { changeRequestId } }, body }))
    },
    done: request.state === 'draft' ? 'The draft is saved.' : 'It is edited, and waits for approval.',
    after: back,
  })
  return (
    <SpaceBetween size="l">
      {approvals.length === 0 ? null : (
        <Alert
          type="warning"
          header={`Saving voids ${approvals.length === 1 ? 'an approval' : `${approvals.length} approvals`}`}
        >
          Approved by {approvals.map(({ by }) => by).join(', ')} for what it says now. Whoever edits it cannot approve
          it.
        </Alert>
      )}
      <Container>
        <Form form={form} act="Save" cancel={back}>
          <TextField form={form} name="reason" label="What for" lines={3} />
          <TextField
            form={form}
            name="operations"
            label="Operations"
            hint="As JSON, in the order in which they are done. It is tried as it is saved, unless it is a draft."
            lines={rows}
          />
          <TextField
            form={form}
            name="from"
            label="Not before"
            hint="Such as 2026-12-24T22:00:00Z. It is made by itself then, once it is approved."
            isOptional
          />
          <TextField form={form} name="until" label="Not after" isOptional />
          <TextField
            form={form}
            name="rollout"
            label="Stages"
            hint={
              'As JSON, such as {"stages": [{"operations": 1, "soakSeconds": 3600}], "haltOn": {"denials": 0}}. All at once by default.'
            }
            lines={6}
            isOptional
          />
        </Form>
      </Container>
    </SpaceBetween>
  )
}
