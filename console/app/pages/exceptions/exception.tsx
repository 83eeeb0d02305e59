// One exception: what it grants, to whom, until when; approve, deny, extend or end it, and review what was broken.
import Alert from '@cloudscape-design/components/alert'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useParams } from 'react-router'
import type { Action } from '#model/roles.ts'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes, pools } from '../../api/lists.ts'
import { ask, load, session } from '../../api/queries.ts'
import { type Act, Acts } from '../../parts/acts.tsx'
import { moment, word } from '../../parts/columns.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ChoiceField, FormDialog, needed, TextField, useForm } from '../../parts/form.tsx'
import { Linked } from '../../parts/linked.tsx'
import { List } from '../../parts/list.tsx'
import { useMay } from '../../parts/may.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Away, Cidr, Moment, None, Said, State } from '../../parts/words.tsx'
import { lengths } from './lengths.ts'

type Exception = Schemas['PolicyException']
type Finding = Schemas['ExceptionFinding']

const one = (exceptionId: string) =>
  ask(['exception', exceptionId], (signal) =>
    api.GET('/exceptions/{exceptionId}', { params: { path: { exceptionId } }, signal }),
  )
const left = (exceptionId: string) =>
  ask(['exception-findings', exceptionId], (signal) =>
    api.GET('/exceptions/{exceptionId}/findings', { params: { path: { exceptionId } }, signal }),
  )
export const loader = ({ params: { exceptionId } }: { params: { exceptionId?: string } }): Promise<null> =>
  load(one(exceptionId!), left(exceptionId!), nodes, pools)

const stateWords: Readonly<Record<Exception['state'], string>> = {
  requested: 'It waits for approval.',
  approved: 'It is approved, and has not begun.',
  active: 'It is in force.',
  expired: 'It has ended.',
  revoked: 'It was ended early.',
  denied: 'It was denied.',
}
interface Asking {
  readonly exception: Exception | undefined
  readonly me: string | undefined
  readonly why: (action: Action, node: string) => string | undefined
  readonly extend: () => void
}
const isWaiting = ({ state, renewal }: Exception): boolean =>
  state === 'requested' || (renewal !== undefined && (state === 'active' || state === 'approved'))

function reasonOf(way: 'approve' | 'deny' | 'revoke' | 'renew' | 'review', asking: Asking): string | undefined {
  const { exception, me, why } = asking
  if (!exception) return 'It is not loaded.'
  const { state, target, requested, renewal, isBreakGlass, reviewed } = exception
  const isInForce = state === 'active' || state === 'approved'
  if ((way === 'approve' || way === 'deny') && !isWaiting(exception))
    return `${stateWords[state]} Nothing waits for approval.`
  if ((way === 'revoke' || way === 'renew') && !isInForce) return stateWords[state]
  if (way === 'renew' && isBreakGlass) return 'A break-glass is not extended: ask for an exception.'
  if (way === 'review' && !isBreakGlass) return 'Only a break-glass is reviewed afterwards.'
  if (way === 'review' && reviewed !== undefined) return `It was reviewed by ${reviewed.by}.`
  const role = why(way === 'renew' ? 'exception:request' : 'exception:approve', target)
  if (role !== undefined) return role
  const asker = renewal?.by ?? requested.by
  if (way === 'approve' && asker === me) return 'You asked for it: somebody else with the role approver approves it.'
  if (way === 'review' && requested.by === me)
    return 'You broke the glass: somebody else with the role approver reviews it.'
  return undefined
}

function actsOn(asking: Asking): readonly Act<Exception>[] {
  const { exception } = asking
  const pathOf = ({ exceptionId }: Exception) => ({ path: { exceptionId } })
  const waits = exception !== undefined && isWaiting(exception)
  const isRenewal = waits && exception.renewal !== undefined
  const withNote = (note: string) => (note === '' ? {} : { note })
  return [
    {
      id: 'approve',
      act: 'Approve',
      title: isRenewal ? 'Approve its later end' : 'Approve this exception',
      done: isRenewal ? 'It ends later.' : 'The exception is approved.',
      says: isRenewal
        ? 'It is in force until the end that is shown here. Your name is on record.'
        : 'It is in force from its beginning until it ends by itself. Your name is on record.',
      isPrimary: waits,
      reason: reasonOf('approve', asking),
      // The end that was shown: none is approved that came later.
      call: (of) =>
        answer(
          api.POST('/exceptions/{exceptionId}/approve', {
            params: pathOf(of),
            body: { expiresAt: of.renewal?.expiresAt ?? of.expiresAt },
          }),
        ),
    },
    {
      id: 'deny',
      act: 'Deny',
      title: isRenewal ? 'Deny its later end' : 'Deny this exception',
      done: isRenewal ? 'It ends as it did.' : 'The exception is denied.',
      says: isRenewal
        ? 'It ends as it was approved. Whoever asked reads your comment.'
        : 'Nothing is granted. Whoever asked reads your comment, and may ask again.',
      note: { label: 'Comment', isOptional: true },
      reason: reasonOf('deny', asking),
      call: (of, note) =>
        answer(api.POST('/exceptions/{exceptionId}/deny', { params: pathOf(of), body: withNote(note) })),
    },
    {
      id: 'renew',
      act: 'Extend',
      title: '',
      says: '',
      done: '',
      reason: reasonOf('renew', asking),
      go: asking.extend,
    },
    {
      id: 'revoke',
      act: 'End early',
      title: 'End this exception early',
      done: 'The exception is over.',
      says: 'It ends at once. What was taken under it stays, as a finding.',
      note: { label: 'Comment', isOptional: true },
      reason: reasonOf('revoke', asking),
      call: (of, note) =>
        answer(api.POST('/exceptions/{exceptionId}/revoke', { params: pathOf(of), body: withNote(note) })),
    },
    {
      id: 'review',
      act: 'Review',
      title: 'Review this break-glass',
      done: 'Your review is on record.',
      says: 'You have looked at what was done without approval. That ends its finding.',
      note: { label: 'What you found' },
      isPrimary: exception?.isBreakGlass === true && exception.reviewed === undefined,
      reason: reasonOf('review', asking),
      call: (of, note) => answer(api.POST('/exceptions/{exceptionId}/review', { params: pathOf(of), body: { note } })),
    },
  ]
}

export function Component(): ReactNode {
  const exceptionId = useParams().exceptionId!
  const { data, error } = useQuery(one(exceptionId))
  const { data: me } = useQuery(session)
  const why = useMay()
  const [isExtending, setExtending] = useState(false)
  const asking = { exception: data, me: me?.principal, why, extend: () => setExtending(true) }
  const cannot = data && isWaiting(data) ? reasonOf('approve', asking) : undefined
  return (
    <Page
      title={data?.reason ?? exceptionId}
      description={exceptionId}
      actions={<Acts of={data} acts={actsOn(asking)} />}
      commands={[
        `cadastre exception show ${exceptionId}`,
        `cadastre exception approve ${exceptionId}`,
        `cadastre exception deny ${exceptionId} --note 'WHY'`,
        `cadastre exception renew ${exceptionId} --for 7d --reason 'WHY'`,
      ]}
      requests={[`/exceptions/${exceptionId}`, `/exceptions/${exceptionId}/findings`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <SpaceBetween size="l">
          {cannot === undefined ? null : (
            <Alert type="info" header="You cannot approve it">
              {cannot}
            </Alert>
          )}
          {data.renewal === undefined ? null : (
            <Alert type="info" header="A later end waits for approval">
              <Said>{data.renewal.by}</Said> asks for it to end <Away at={data.renewal.expiresAt} />:{' '}
              <bdi className="text">{data.renewal.reason}</bdi>
            </Alert>
          )}
          {data.isBreakGlass ? (
            <Alert
              type={data.reviewed === undefined ? 'warning' : 'success'}
              header={
                data.reviewed === undefined
                  ? 'Break-glass: somebody else has to review it'
                  : 'Break-glass, and reviewed'
              }
            >
              {data.reviewed === undefined ? (
                'It was in force at once, without approval. It is a finding until then.'
              ) : (
                <>
                  <Said>{data.reviewed.by}</Said>, <Moment at={data.reviewed.at} />:{' '}
                  <bdi className="text">{data.reviewed.note}</bdi>
                </>
              )}
            </Alert>
          ) : null}
          <About of={data} />
          <Left exceptionId={exceptionId} />
        </SpaceBetween>
      ) : null}
      {isExtending && data ? <Extend of={data} close={() => setExtending(false)} /> : null}
    </Page>
  )
}

function About({ of }: { of: Exception }): ReactNode {
  const { grants, hold, ended, approved, requested, state } = of
  const sizes = [grants.size, grants.sizeIpv6].filter((size) => size !== undefined)
  const isOver = state === 'expired' || state === 'revoked' || state === 'denied'
  return (
    <Facts
      title="Exception"
      facts={[
        ['State', <State key="s" of={state} />],
        ['For', <Linked key="f">{of.target}</Linked>],
        ['Resource', of.resource === undefined ? undefined : <Said key="r">{of.resource}</Said>],
        ['Type and locale', `${of.resourceType} in ${of.locale}`],
        [
          'Grants pools',
          grants.pools.length === 0
            ? undefined
            : grants.pools.map((id) => (
                <div key={id}>
                  <Linked names={of.names}>{id}</Linked>
                </div>
              )),
        ],
        ['Grants sizes', sizes.length === 0 ? undefined : sizes.map(({ min, max }) => `/${min} to /${max}`).join(', ')],
        ['Grants provider-assigned space', grants.provider ? 'yes' : 'no'],
        ['Keeps meanwhile', hold === undefined ? undefined : <Cidr key="h">{hold.cidr}</Cidr>],
        ['Begins', <Away key="b" at={of.startsAt} />],
        [isOver ? 'Would have ended, or has' : 'Ends', <Away key="e" at={of.expiresAt} />],
        [
          'Asked for by',
          <div key="q">
            <Said>{requested.by}</Said>, <Moment at={requested.at} />
          </div>,
        ],
        [
          'Approved by',
          approved === undefined ? undefined : (
            <div key="a">
              <Said>{approved.by}</Said>, <Moment at={approved.at} />
            </div>
          ),
        ],
        ...(ended === undefined
          ? []
          : ([
              [
                state === 'denied' ? 'Denied by' : 'Ended by',
                <div key="d">
                  <Said>{ended.by}</Said>, <Moment at={ended.at} />
                  {ended.note === undefined ? null : (
                    <>
                      : <bdi className="text">{ended.note}</bdi>
                    </>
                  )}
                </div>,
              ],
            ] as const)),
      ]}
    />
  )
}

const controls: Readonly<Record<Finding['control'], string>> = {
  'break-glass-review': 'Nobody else has reviewed it',
  'exception-ended': 'Was taken under it, and it is over',
  'tags-changed': 'Has other tags by now, and would not be given again',
}
/** What must be looked at because of it. */
function Left({ exceptionId }: { exceptionId: string }): ReactNode {
  const query = left(exceptionId)
  const { data } = useQuery(query)
  if (data?.items.length === 0) return null
  return (
    <List
      title="To be looked at"
      query={query}
      columns={[
        {
          id: 'what',
          header: 'What',
          width: 180,
          cell: ({ cidr, resource }) => (cidr === undefined ? <Linked>{resource}</Linked> : <Cidr>{cidr}</Cidr>),
          text: ({ cidr, resource }) => cidr ?? resource,
        },
        word<Finding>('why', 'Why', 240, ({ control }) => controls[control]),
        {
          id: 'account',
          header: 'Account',
          width: 160,
          cell: ({ account }) => (account === undefined ? <None /> : <Linked>{account}</Linked>),
          text: ({ account }) => account ?? '',
        },
        moment<Finding>('Since', (row) => row.since),
      ]}
      keyOf={({ control, resource }) => `${control} ${resource}`}
      empty="There is nothing to look at."
    />
  )
}

function Extend({ of: { exceptionId }, close }: { of: Exception; close: () => void }): ReactNode {
  const form = useForm({
    initial: { reason: '', for: '7d' },
    checks: { reason: needed('Say why.') },
    call: (values) =>
      answer(
        api.POST('/exceptions/{exceptionId}/renew', {
          params: { path: { exceptionId } },
          body: { ...values, reason: values.reason.trim() },
        }),
      ),
    done: 'A later end is asked for. Until somebody else has approved it, the present end holds.',
    after: close,
  })
  return (
    <FormDialog form={form} title="Ask for a later end" act="Extend" close={close}>
      <ChoiceField form={form} name="for" label="From now on for" options={lengths} />
      <TextField form={form} name="reason" label="Reason" hint="Whoever approves it reads this." lines={3} isFirst />
    </FormDialog>
  )
}
