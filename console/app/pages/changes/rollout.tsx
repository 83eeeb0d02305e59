// How a change request is made: when, in which stages, how far it is, and what halts it.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import ProgressBar from '@cloudscape-design/components/progress-bar'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { api, type Schemas } from '../../api/client.ts'
import { ask } from '../../api/queries.ts'
import { Linked } from '../../parts/linked.tsx'
import { Away, Said } from '../../parts/words.tsx'

type Request = Schemas['ChangeRequest']

const ipamsMax = 100
/** With their freezes. */
export const ipams = {
  ...ask(['ipams'], (signal) => api.GET('/ipams', { params: { query: { limit: ipamsMax } }, signal })),
  staleTime: 60_000,
}

/** 5400: 1 h 30 min. */
export function spanText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3_600), 'h'],
    [Math.floor((seconds % 3_600) / 60), 'min'],
    [seconds % 60, 's'],
  ] as const
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`)
  return said.length === 0 ? 'not at all' : said.join(' ')
}

const halts: Readonly<Record<NonNullable<Request['halted']>['why'], string>> = {
  denials: 'There were more new denials than it allows.',
  exceptions: 'More exceptions were asked for than it allows.',
  pool: 'A pool has less free than it allows.',
  refused: 'Its next stage was refused.',
  'impact-changed': 'Its next stage would do more by now than was approved.',
  unvouched: 'Approvals or rights that it needs are missing by now.',
  window: 'Its next stage was due behind its window.',
  asked: 'Somebody halted it.',
}

export function Rollout({ request }: { request: Request }): ReactNode {
  const { window: times, rollout, progress, halted, appliesAt, failed, state } = request
  const { data } = useQuery(ipams)
  const now = Date.now()
  const freezes = (data?.items ?? []).flatMap(({ name, ipamId, changeFreezes = [] }) =>
    changeFreezes.filter(({ until }) => Date.parse(until) > now).map((one) => ({ ...one, ipam: name ?? ipamId })),
  )
  const isOver = state === 'abandoned' || state === 'reverted'
  const isOpen = ['draft', 'in-review', 'approved', 'scheduled', 'halted'].includes(state)
  const made = progress?.stage ?? (state === 'applied' ? (rollout?.stages.length ?? 0) : 0)
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            rollout === undefined
              ? 'All at once.'
              : 'Stage by stage; each is watched for as long as it says before the next one is made.'
          }
        >
          How it is made
        </Header>
      }
    >
      <SpaceBetween size="m">
        {halted === undefined ? null : (
          <Alert type="warning" header={`Halted: ${halts[halted.why]}`}>
            <HaltFacts of={halted} />
          </Alert>
        )}
        {failed === undefined ? null : (
          <Alert type="error" header="It was not made when it was due">
            <Linked>{failed.detail ?? failed.code}</Linked> It waits until somebody edits, submits or applies it.
          </Alert>
        )}
        {isOpen
          ? freezes.map(({ from, until, reason, ipam }) => (
              <Alert
                key={`${ipam} ${from}`}
                type={Date.parse(from) <= now ? 'warning' : 'info'}
                header={Date.parse(from) <= now ? 'Changes are frozen' : 'Changes will be frozen'}
              >
                What the IPAM <Said>{ipam}</Said> rules is not changed {Date.parse(from) <= now ? '' : 'from '}
                {Date.parse(from) <= now ? null : <Away at={from} />} until <Away at={until} />:{' '}
                <bdi className="text">{reason}</bdi>
              </Alert>
            ))
          : null}
        <Box>
          {times === undefined ? (
            'At any time, once it is approved and somebody applies it.'
          ) : (
            <>
              {times.from === undefined ? null : (
                <>
                  Not before: <Away at={times.from} />.{' '}
                </>
              )}
              {times.until === undefined ? null : (
                <>
                  Not after: <Away at={times.until} />.
                </>
              )}
            </>
          )}
          {appliesAt === undefined ? null : (
            <>
              {' '}
              It is made by itself: <Away at={appliesAt} />.
            </>
          )}
        </Box>
        {rollout === undefined ? null : (
          <SpaceBetween size="s">
            <ProgressBar
              value={(made / rollout.stages.length) * 100}
              label="Stages"
              additionalInfo={`${made} of ${rollout.stages.length} stages are made`}
              description={
                progress === undefined || isOver || made >= rollout.stages.length ? undefined : (
                  <>
                    The next one is due: <Away at={progress.nextAt} />
                  </>
                )
              }
            />
            <ol className="stages">
              {rollout.stages.map(({ operations, soakSeconds }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: stages of one request never move
                <li key={index}>
                  <StatusIndicator type={index < made ? 'success' : index === made ? 'pending' : 'stopped'}>
                    {operations} {operations === 1 ? 'operation' : 'operations'},{' '}
                    {index < made ? 'made' : 'not made yet'}; watched {soakSeconds === 0 ? '' : 'for '}
                    {spanText(soakSeconds)}
                  </StatusIndicator>
                </li>
              ))}
            </ol>
            <Halting of={rollout.haltOn} />
          </SpaceBetween>
        )}
      </SpaceBetween>
    </Container>
  )
}

function HaltFacts({ of }: { of: NonNullable<Request['halted']> }): ReactNode {
  const { count, max, poolId, freePercent, below, detail, code, note, by, at } = of
  return (
    <>
      <div>
        <Away at={at} />
        {by === undefined ? null : (
          <>
            {' '}
            by <Said>{by}</Said>
          </>
        )}
      </div>
      {count === undefined ? null : (
        <div>
          There were {count}
          {max === undefined ? '' : `, and ${max} are allowed`}.
        </div>
      )}
      {poolId === undefined ? null : (
        <div>
          <Linked>{poolId}</Linked> has {freePercent} % free, and {below} % is the least.
        </div>
      )}
      {(detail ?? code) === undefined ? null : (
        <div>
          <Linked>{detail ?? code ?? ''}</Linked>
        </div>
      )}
      {note === undefined ? null : <bdi className="text">{note}</bdi>}
    </>
  )
}

function Halting({ of }: { of: Schemas['HaltRules'] | undefined }): ReactNode {
  const { denials = 0, exceptions, pools = [] } = of ?? {}
  return (
    <div>
      <Box variant="awsui-key-label">It halts by itself</Box>
      <ul className="plain">
        <li>with more than {denials} denials that there would not be without it,</li>
        {exceptions === undefined ? null : <li>with more than {exceptions} exceptions asked for,</li>}
        {pools.map(({ poolId, freePercent }) => (
          <li key={poolId}>
            when less than {freePercent} % of <Linked>{poolId}</Linked> are free,
          </li>
        ))}
        <li>when its next stage is refused, does more than was approved, or would come behind its window.</li>
      </ul>
    </div>
  )
}
