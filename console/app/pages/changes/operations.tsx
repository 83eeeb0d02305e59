// What a change request does: each operation in words, what it makes otherwise, and behind a button as JSON.
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'
import { api, type Schemas } from '../../api/client.ts'
import { ask } from '../../api/queries.ts'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { None } from '../../parts/words.tsx'
import { type Difference, differencesOf, referencesOf, sentenceOf } from './operation-words.ts'

export const comparison = (changeRequestId: string) =>
  ask(['comparison', changeRequestId], (signal) =>
    api.GET('/change-requests/{changeRequestId}/comparison', { params: { path: { changeRequestId } }, signal }),
  )

/** Of longer lists the first are shown in words, and all of them as JSON and on the command line. */
const shownMax = 200

interface Row {
  readonly number: number
  readonly stage: number | undefined
  readonly sentence: string
  readonly differences: readonly Difference[]
}

export function Operations({
  request,
  compared,
}: {
  request: Schemas['ChangeRequest']
  compared: Schemas['CompareChangeRequestResponse'] | undefined
}): ReactNode {
  const { operations } = request
  const stageOf = stagesOf(request)
  const rows = operations.slice(0, shownMax).map((operation, index): Row => {
    const found = compared?.operations[index]
    return {
      number: index + 1,
      stage: stageOf(index),
      sentence: sentenceOf(operation, referencesOf(request, index)),
      differences: found === undefined ? [] : differencesOf(operation.operation, found),
    }
  })
  const names = compared?.names ?? {}
  const columns: readonly Column<Row>[] = [
    {
      id: 'what',
      header: 'What it does',
      width: 220,
      cell: ({ number, sentence }) => (
        <>
          {number}. <Linked names={names}>{sentence}</Linked>
        </>
      ),
      text: ({ number, sentence }) => `${number}. ${sentence}`,
    },
    {
      id: 'differences',
      header: 'Before and after',
      width: 260,
      cell: ({ differences }) => (differences.length === 0 ? <None /> : <Differences of={differences} names={names} />),
      text: ({ differences }) => differences.map(differenceText).join('; '),
    },
    ...(request.rollout === undefined
      ? []
      : [
          {
            id: 'stage',
            header: 'Stage',
            width: 70,
            cell: ({ stage }: Row) => stage ?? '',
            text: ({ stage }: Row) => String(stage ?? ''),
          },
        ]),
  ]
  const more = operations.length - rows.length
  return (
    <SpaceBetween size="m">
      <List
        title="What it does"
        description={
          request.rollout === undefined
            ? 'In this order, all in one step or nothing.'
            : 'In this order, stage by stage.'
        }
        query={{
          queryKey: ['operations', request.changeRequestId, request.contentHash, compared],
          queryFn: async () => ({ items: rows }),
        }}
        columns={columns}
        keyOf={({ number }) => String(number)}
        empty="It does nothing."
      />
      {more > 0 ? <span>{more} more are shown as JSON.</span> : null}
      <ExpandableSection headerText="Show as JSON" variant="footer">
        <pre className="commands">{JSON.stringify(operations, null, 2)}</pre>
      </ExpandableSection>
    </SpaceBetween>
  )
}

function stagesOf({ rollout }: Schemas['ChangeRequest']): (index: number) => number | undefined {
  if (rollout === undefined) return () => undefined
  const ends: number[] = []
  for (const { operations } of rollout.stages) ends.push((ends.at(-1) ?? 0) + operations)
  return (index) => {
    const stage = ends.findIndex((end) => index < end)
    return (stage < 0 ? rollout.stages.length : stage) + (stage < 0 ? 0 : 1)
  }
}

const differenceText = ({ label, before, after }: Difference): string =>
  `${label}: ${before.join(', ') || 'none'} → ${after.join(', ') || 'none'}`

/** What goes is struck through, what comes is underlined: by sign, and not by colour alone. */
function Differences({ of, names }: { of: readonly Difference[]; names: Readonly<Record<string, string>> }): ReactNode {
  return (
    <dl className="differences">
      {of.map(({ label, before, after }) => (
        <div key={label}>
          <dt>{label}</dt>
          {before
            .filter((line) => !after.includes(line))
            .map((line) => (
              <dd key={line}>
                <del>
                  <Linked names={names}>{line}</Linked>
                </del>
              </dd>
            ))}
          {after.map((line) => (
            <dd key={line}>
              {before.includes(line) ? (
                <Linked names={names}>{line}</Linked>
              ) : (
                <ins>
                  <Linked names={names}>{line}</Linked>
                </ins>
              )}
            </dd>
          ))}
          {after.length === 0 ? <dd>none from then on</dd> : null}
        </div>
      ))}
    </dl>
  )
}
