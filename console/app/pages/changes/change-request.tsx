// One change request: what it says, what it would do, who approved it, and what comes next.

import Alert from '@cloudscape-design/components/alert'
import BarChart from '@cloudscape-design/components/bar-chart'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Textarea from '@cloudscape-design/components/textarea'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { ask, load, session } from '../../api/queries.ts'
import { useAct } from '../../parts/act.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Facts } from '../../parts/facts.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Moment, Said, State } from '../../parts/words.tsx'

const one = (changeRequestId: string) =>
  ask(['change-request', changeRequestId], (signal) =>
    api.GET('/change-requests/{changeRequestId}', { params: { path: { changeRequestId } }, signal }),
  )
export const loader = ({ params: { changeRequestId } }: { params: { changeRequestId?: string } }): Promise<null> =>
  load(one(changeRequestId!), nodes)

type Way = 'submit' | 'approve' | 'reject' | 'apply' | 'halt' | 'resume' | 'revert' | 'abandon'
const ways: Readonly<
  Record<
    Way,
    {
      readonly title: string
      readonly act: string
      readonly done: string
      readonly says: string
      readonly note?: 'reason' | 'note'
    }
  >
> = {
  submit: {
    title: 'Submit for review',
    act: 'Submit',
    done: 'It waits for approval.',
    says: 'What it would do is found first. Others then approve exactly what it says now.',
  },
  approve: {
    title: 'Approve this change',
    act: 'Approve',
    done: 'Your approval is on record.',
    says: 'You approve exactly what is shown here: if it is edited, your approval is void.',
  },
  reject: {
    title: 'Send back',
    act: 'Send back',
    done: 'It is with its author again.',
    says: 'The author sees your note.',
    note: 'note',
  },
  apply: {
    title: 'Apply this change',
    act: 'Apply',
    done: 'The change is made.',
    says: 'All of it is done in one step, or none. It is made on your right.',
  },
  halt: {
    title: 'Halt the rollout',
    act: 'Halt',
    done: 'The rollout is halted.',
    says: 'No further stage begins until it is resumed.',
    note: 'reason',
  },
  resume: {
    title: 'Resume the rollout',
    act: 'Resume',
    done: 'The rollout goes on.',
    says: 'The next stage begins as planned.',
  },
  revert: {
    title: 'Revert this change',
    act: 'Revert',
    done: 'The change is reverted.',
    says: 'What it changed is as before. The approvals of the change cover that for three days.',
    note: 'reason',
  },
  abandon: { title: 'Abandon this change', act: 'Abandon', done: 'It is abandoned.', says: 'Nothing of it is done.' },
}
type State_ = Schemas['ChangeRequest']['state']
const possible: Readonly<Record<Way, readonly State_[]>> = {
  submit: ['draft'],
  approve: ['in-review'],
  reject: ['in-review', 'approved'],
  apply: ['approved'],
  halt: ['scheduled', 'applied'],
  resume: ['halted'],
  revert: ['applied', 'halted'],
  abandon: ['draft', 'in-review', 'approved', 'scheduled'],
}

export function Component(): ReactNode {
  const changeRequestId = useParams().changeRequestId!
  const nameOf = useNodeNames()
  const { data, error } = useQuery(one(changeRequestId))
  const { data: me } = useQuery(session)
  const [way, setWay] = useState<Way | undefined>()
  const isOwn = data !== undefined && [data.author, ...data.editors].some(({ by }) => by === me?.principal)
  const reasonOf = (of: Way): string | undefined => {
    if (!data) return 'It is not loaded.'
    if (!possible[of].includes(data.state)) return `It is ${data.state.replace('-', ' ')}.`
    if (of === 'approve' && isOwn) return 'You wrote it: somebody else with the role approver approves it.'
    if ((of === 'halt' || of === 'resume') && data.rollout === undefined) return 'It is not rolled out in stages.'
    return undefined
  }
  const button = (of: Way, isPrimary = false): ReactNode => {
    const reason = reasonOf(of)
    return (
      <Button
        key={of}
        variant={isPrimary ? 'primary' : 'normal'}
        disabled={reason !== undefined}
        disabledReason={reason}
        onClick={() => setWay(of)}
      >
        {ways[of].act}
      </Button>
    )
  }
  return (
    <Page
      title={data?.reason ?? changeRequestId}
      description={changeRequestId}
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          {button('abandon')}
          {data?.state === 'draft' ? button('submit', true) : null}
          {button('reject')}
          {button('approve', data?.state === 'in-review')}
          {button('apply', data?.state === 'approved')}
          {button('halt')}
          {data?.state === 'halted' ? button('resume') : null}
          {button('revert')}
        </SpaceBetween>
      }
      commands={[
        `cadastre change-request show ${changeRequestId}`,
        `cadastre change-request approve ${changeRequestId} --content-hash ${data?.contentHash ?? 'HASH'}`,
      ]}
      requests={[`/change-requests/${changeRequestId}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <SpaceBetween size="l">
          {data.rejected === undefined ? null : (
            <Alert type="warning" header="It was sent back">
              <Said>{data.rejected.note}</Said>
            </Alert>
          )}
          <Facts
            title="Change request"
            facts={[
              ['State', <State key="s" of={data.state} />],
              ['At', <Said key="n">{nameOf(data.node) ?? data.node}</Said>],
              ['Author', <Said key="a">{data.author.by}</Said>],
              ['Begun', <Moment key="b" at={data.author.at} />],
              ['Approved by', data.approvals.length === 0 ? undefined : data.approvals.map(({ by }) => by).join(', ')],
              ['Says', <Said key="h">{data.contentHash}</Said>],
            ]}
          />
          <Impact impact={data.impact} nameOf={nameOf} />
          <Container
            header={
              <Header variant="h2" counter={`(${data.operations.length})`} description="In this order, in one step">
                What it does
              </Header>
            }
          >
            {data.operations.map((operation, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: operations of one request never move
              <Box key={index} padding={{ bottom: 's' }}>
                <Box fontWeight="bold">
                  {index + 1}. {operation.operation}
                </Box>
                <pre className="commands">{JSON.stringify(operation.input ?? {}, null, 2)}</pre>
              </Box>
            ))}
          </Container>
        </SpaceBetween>
      ) : null}
      {way === undefined || !data ? null : <Act request={data} way={way} close={() => setWay(undefined)} />}
    </Page>
  )
}

const barsMax = 12
/** Of a name beside a bar: the list below has it whole. */
const labelLengthMax = 14
function Impact({
  impact,
  nameOf,
}: {
  impact: Schemas['ChangeImpact'] | undefined
  nameOf: (id: string) => string | undefined
}): ReactNode {
  if (impact === undefined) return <Alert type="info">What it would do is found when it is submitted.</Alert>
  const groups = impact.groups.filter(({ noncompliant, compliant }) => noncompliant + compliant > 0).slice(0, barsMax)
  const label = ({ account, resourceType }: (typeof groups)[number]): string =>
    `${(nameOf(account) ?? account).slice(0, labelLengthMax)} ${resourceType}`
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`Of ${impact.evaluated} allocations${impact.isWhole ? '' : ' that were looked at: there are more'}`}
        >
          What it would make of space in use: {impact.noncompliant} no longer compliant, {impact.compliant} compliant
          again
        </Header>
      }
    >
      {groups.length === 0 ? (
        'Nothing in use changes.'
      ) : (
        <SpaceBetween size="m">
          <BarChart
            horizontalBars
            stackedBars
            hideFilter
            height={40 + groups.length * 28}
            xScaleType="categorical"
            xDomain={groups.map(label)}
            series={[
              {
                type: 'bar',
                title: 'No longer compliant',
                color: '#c53030',
                data: groups.map((group) => ({ x: label(group), y: group.noncompliant })),
              },
              {
                type: 'bar',
                title: 'Compliant again',
                color: '#2f855a',
                data: groups.map((group) => ({ x: label(group), y: group.compliant })),
              },
            ]}
            ariaLabel="What it would make of space in use, by account and type"
            i18nStrings={{
              chartAriaRoleDescription: 'bar chart',
              xAxisAriaRoleDescription: 'accounts',
              yAxisAriaRoleDescription: 'allocations',
              detailPopoverDismissAriaLabel: 'Close',
              legendAriaLabel: 'What becomes of it',
            }}
          />
          {impact.groups.map((group) => (
            <div key={`${group.account} ${group.resourceType}`}>
              <Account id={group.account} name={nameOf(group.account)} />, {group.resourceType}: {group.noncompliant} no
              longer compliant, {group.compliant} compliant again
            </div>
          ))}
        </SpaceBetween>
      )}
    </Container>
  )
}

function Act({ request, way, close }: { request: Schemas['ChangeRequest']; way: Way; close: () => void }): ReactNode {
  const [text, setText] = useState('')
  const [isTried, setTried] = useState(false)
  const { changeRequestId, contentHash } = request
  const { title, act: verb, done, says, note } = ways[way]
  const params = { path: { changeRequestId } }
  const reason = text.trim()
  const calls: Readonly<Record<Way, () => Promise<unknown>>> = {
    submit: () => answer(api.POST('/change-requests/{changeRequestId}/submit', { params })),
    approve: () => answer(api.POST('/change-requests/{changeRequestId}/approve', { params, body: { contentHash } })),
    reject: () => answer(api.POST('/change-requests/{changeRequestId}/reject', { params, body: { note: reason } })),
    apply: () => answer(api.POST('/change-requests/{changeRequestId}/apply', { params, body: { contentHash } })),
    halt: () => answer(api.POST('/change-requests/{changeRequestId}/halt', { params, body: { note: reason } })),
    resume: () => answer(api.POST('/change-requests/{changeRequestId}/resume', { params, body: {} })),
    revert: () => answer(api.POST('/change-requests/{changeRequestId}/revert', { params, body: { note: reason } })),
    abandon: () => answer(api.POST('/change-requests/{changeRequestId}/abandon', { params, body: {} })),
  }
  const act = useAct<void, unknown>(() => calls[way](), done, close)
  return (
    <Confirm
      title={title}
      act={verb}
      isBusy={act.isPending}
      error={act.error}
      close={close}
      confirm={() => {
        setTried(true)
        if (note === undefined || reason !== '') act.mutate()
      }}
    >
      <p>{says}</p>
      {note === undefined ? null : (
        <FormField
          label={note === 'note' ? 'Comment' : 'Reason'}
          errorText={isTried && reason === '' ? 'Say why.' : undefined}
        >
          <Textarea value={text} onChange={({ detail }) => setText(detail.value)} ariaRequired />
        </FormField>
      )}
    </Confirm>
  )
}
