// One change request: what it does, what that would make of what is there, who has to approve it, and how it is made.
import Alert from '@cloudscape-design/components/alert'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useNavigate, useParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { nodes, pools } from '../../api/lists.ts'
import { ask, load, session } from '../../api/queries.ts'
import { Acts } from '../../parts/acts.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Linked } from '../../parts/linked.tsx'
import { useMay } from '../../parts/may.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Away, Moment, Said, State } from '../../parts/words.tsx'
import { actsOn, reasonOf } from './change-acts.ts'
import { Impact } from './impact.tsx'
import { comparison, Operations } from './operations.tsx'
import { ipams, Rollout } from './rollout.tsx'
import { Simulation } from './simulation.tsx'

type Request = Schemas['ChangeRequest']

/** What goes on by itself is looked at again this often; the server tells nobody of it here. */
const pollMs = 15_000
export const one = (changeRequestId: string) =>
  ask(['change-request', changeRequestId], (signal) =>
    api.GET('/change-requests/{changeRequestId}', { params: { path: { changeRequestId } }, signal }),
  )
export const loader = ({ params: { changeRequestId } }: { params: { changeRequestId?: string } }): Promise<null> =>
  load(one(changeRequestId!), comparison(changeRequestId!), nodes, pools, ipams)

const goesOn = ({ state, simulation, appliesAt }: Request): boolean =>
  state === 'scheduled' ||
  appliesAt !== undefined ||
  simulation?.status === 'running' ||
  simulation?.status === 'waiting'

export function Component(): ReactNode {
  const changeRequestId = useParams().changeRequestId!
  const navigate = useNavigate()
  const { data, error } = useQuery({
    ...one(changeRequestId),
    refetchInterval: ({ state }) => (state.data && goesOn(state.data) ? pollMs : false),
  })
  const { data: compared } = useQuery(comparison(changeRequestId))
  const { data: me } = useQuery(session)
  const why = useMay()
  const asking = {
    request: data,
    me: me?.principal,
    why,
    edit: () => void navigate(`/change-requests/${changeRequestId}/edit`),
  }
  const isOpen = data?.state === 'in-review'
  // How far it is goes first while it goes on.
  const isRolling = data?.state === 'scheduled' || data?.state === 'halted'
  const cannot = isOpen ? reasonOf('approve', asking) : undefined
  return (
    <Page
      title={data?.reason ?? changeRequestId}
      description={changeRequestId}
      actions={<Acts of={data} acts={actsOn(asking)} />}
      commands={[
        `cadastre change-request show ${changeRequestId}`,
        `cadastre change-request compare ${changeRequestId}`,
        `cadastre change-request approve ${changeRequestId} --content-hash ${data?.contentHash ?? 'HASH'}`,
      ]}
      requests={[`/change-requests/${changeRequestId}`, `/change-requests/${changeRequestId}/comparison`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <SpaceBetween size="l">
          {cannot === undefined ? null : (
            <Alert type="info" header="You cannot approve it">
              <Linked>{cannot}</Linked>
            </Alert>
          )}
          {data.rejected === undefined ? null : (
            <Alert type="warning" header="It was sent back">
              <Said>{data.rejected.by}</Said>, <Moment at={data.rejected.at} />:{' '}
              <bdi className="text">{data.rejected.note}</bdi>
            </Alert>
          )}
          {(data.emergencies ?? []).map((emergency) => (
            <Emergency key={emergency.at} of={emergency} />
          ))}
          <About request={data} />
          {isRolling ? <Rollout request={data} /> : null}
          <Operations request={data} compared={compared} />
          <Impact request={data} />
          <Simulation of={data.simulation} />
          {isRolling ? null : <Rollout request={data} />}
        </SpaceBetween>
      ) : null}
    </Page>
  )
}

function About({ request }: { request: Request }): ReactNode {
  const { approvals, needed, author, editors, ended, rejected } = request
  return (
    <Facts
      title="Change request"
      facts={[
        ['State', <State key="s" of={rejected && request.state === 'draft' ? 'rejected' : request.state} />],
        ['Decided at', request.node === '*' ? 'everywhere' : <Linked key="n">{request.node}</Linked>],
        [
          'Written by',
          [author, ...editors].map(({ by, at }) => (
            <div key={by}>
              <Said>{by}</Said>, <Moment at={at} />
            </div>
          )),
        ],
        [
          'Needs',
          needed === undefined
            ? undefined
            : `${needed.approvers} ${needed.approvers === 1 ? 'approval' : 'approvals'} of others${
                needed.ofRoot > 0 ? `, ${needed.ofRoot} of them by somebody who may approve at the root` : ''
              }${needed.isSimulated ? ', and a simulation' : ''}`,
        ],
        [
          'Approved by',
          approvals.length === 0
            ? 'nobody yet'
            : approvals.map(({ by, at, isOfRoot }) => (
                <div key={by}>
                  <Said>{by}</Said>
                  {isOfRoot ? ' (may approve at the root)' : ''}, <Moment at={at} />
                </div>
              )),
        ],
        [
          'Approvals are for exactly',
          <span key="h" title={request.contentHash} className="number">
            {request.contentHash.slice(0, hashShown)}
          </span>,
        ],
        ...(ended === undefined
          ? []
          : ([
              [
                request.state === 'abandoned'
                  ? 'Abandoned by'
                  : request.state === 'reverted'
                    ? 'Reverted by'
                    : 'Applied by',
                <div key="e">
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
/** Of a hash, as much as people compare. */
const hashShown = 12

function Emergency({ of }: { of: Schemas['ChangeRequestEmergency'] }): ReactNode {
  const { by, at, reason, reviewed } = of
  return (
    <Alert
      type={reviewed === undefined ? 'warning' : 'success'}
      header={
        reviewed === undefined
          ? 'Made in an emergency: somebody else has to review it'
          : 'Made in an emergency, and reviewed'
      }
    >
      <div>
        <Said>{by}</Said>, <Away at={at} />: <bdi className="text">{reason}</bdi>
      </div>
      {reviewed === undefined ? null : (
        <div>
          Reviewed by <Said>{reviewed.by}</Said>, <Moment at={reviewed.at} />:{' '}
          <bdi className="text">{reviewed.note}</bdi>
        </div>
      )}
    </Alert>
  )
}
