// One exception: what it grants, to whom, until when; approve or deny it.
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Textarea from '@cloudscape-design/components/textarea'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useParams } from 'react-router'
import { answer, api } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { ask, load, session } from '../../api/queries.ts'
import { useAct } from '../../parts/act.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Linked } from '../../parts/linked.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Moment, Said, State } from '../../parts/words.tsx'

const one = (exceptionId: string) =>
  ask(['exception', exceptionId], (signal) =>
    api.GET('/exceptions/{exceptionId}', { params: { path: { exceptionId } }, signal }),
  )
export const loader = ({ params: { exceptionId } }: { params: { exceptionId?: string } }): Promise<null> =>
  load(one(exceptionId!), nodes)

type Way = 'approve' | 'deny' | 'revoke'
const ways: Readonly<
  Record<Way, { readonly title: string; readonly act: string; readonly done: string; readonly says: string }>
> = {
  approve: {
    title: 'Approve this exception',
    act: 'Approve',
    done: 'The exception is approved.',
    says: 'It is in force from its beginning until it ends by itself. Your name is on record.',
  },
  deny: {
    title: 'Deny this exception',
    act: 'Deny',
    done: 'The exception is denied.',
    says: 'Whoever asked sees your note.',
  },
  revoke: {
    title: 'Revoke this exception',
    act: 'Revoke',
    done: 'The exception is over.',
    says: 'It ends at once. What was taken under it stays, as a finding.',
  },
}

export function Component(): ReactNode {
  const exceptionId = useParams().exceptionId!
  const nameOf = useNodeNames()
  const { data, error } = useQuery(one(exceptionId))
  const { data: me } = useQuery(session)
  const [way, setWay] = useState<Way | undefined>()
  const isWaiting = data?.state === 'requested' || data?.renewal !== undefined
  const isOwn = data !== undefined && data.requested.by === me?.principal
  const notWaiting = 'Nothing waits for approval.'
  return (
    <Page
      title={data?.reason ?? exceptionId}
      description={exceptionId}
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Button
            disabled={!(data?.state === 'active' || data?.state === 'approved')}
            disabledReason="It is not in force."
            onClick={() => setWay('revoke')}
          >
            Revoke
          </Button>
          <Button disabled={!isWaiting} disabledReason={notWaiting} onClick={() => setWay('deny')}>
            Deny
          </Button>
          <Button
            variant="primary"
            disabled={!isWaiting || isOwn}
            disabledReason={
              isWaiting ? 'You asked for it: somebody else with the role approver approves it.' : notWaiting
            }
            onClick={() => setWay('approve')}
          >
            Approve
          </Button>
        </SpaceBetween>
      }
      commands={[
        `cadastre exception show ${exceptionId}`,
        `cadastre exception approve ${exceptionId}`,
        `cadastre exception deny ${exceptionId} --note 'WHY'`,
      ]}
      requests={[`/exceptions/${exceptionId}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <Facts
          title="Exception"
          facts={[
            ['State', <State key="s" of={data.state} />],
            ['For', <Said key="f">{nameOf(data.target) ?? data.target}</Said>],
            ['Resource', data.resource === undefined ? undefined : <Said key="r">{data.resource}</Said>],
            ['Type and locale', `${data.resourceType} in ${data.locale}`],
            [
              'Grants pools',
              data.grants.pools.length === 0
                ? undefined
                : data.grants.pools.map((id) => (
                    <div key={id}>
                      <Linked>{id}</Linked>
                    </div>
                  )),
            ],
            ['Grants provider-assigned space', data.grants.provider ? 'yes' : 'no'],
            ['From', <Moment key="b" at={data.startsAt} />],
            ['Until', <Moment key="e" at={data.expiresAt} />],
            ['Asked for by', <Said key="q">{data.requested.by}</Said>],
            ['Asked for at', <Moment key="qa" at={data.requested.at} />],
            ['Approved by', data.approved === undefined ? undefined : <Said key="a">{data.approved.by}</Said>],
            ['Kind', data.isBreakGlass ? 'Break-glass: in force at once, reviewed afterwards' : 'Approved beforehand'],
          ]}
        />
      ) : null}
      {way === undefined ? null : <Decide exceptionId={exceptionId} way={way} close={() => setWay(undefined)} />}
    </Page>
  )
}

function Decide({ exceptionId, way, close }: { exceptionId: string; way: Way; close: () => void }): ReactNode {
  const [note, setNote] = useState('')
  const params = { path: { exceptionId } }
  const body = note.trim() === '' ? {} : { note: note.trim() }
  const { title, act: verb, done, says } = ways[way]
  const act = useAct<void, unknown>(
    () =>
      way === 'approve'
        ? answer(api.POST('/exceptions/{exceptionId}/approve', { params, body: {} }))
        : way === 'deny'
          ? answer(api.POST('/exceptions/{exceptionId}/deny', { params, body }))
          : answer(api.POST('/exceptions/{exceptionId}/revoke', { params, body })),
    done,
    close,
  )
  return (
    <Confirm
      title={title}
      act={verb}
      isBusy={act.isPending}
      error={act.error}
      close={close}
      confirm={() => act.mutate()}
    >
      <p>{says}</p>
      {way === 'approve' ? null : (
        <FormField
          label={
            <>
              Note <i>– optional</i>
            </>
          }
        >
          <Textarea value={note} onChange={({ detail }) => setNote(detail.value)} />
        </FormField>
      )}
    </Confirm>
  )
}
