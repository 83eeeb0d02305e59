// Somebody else was first: what changed since this was opened. Nothing was overwritten, and what was typed is kept.
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { differenceOf } from '#model/object-difference.ts'
import { readNow, type Trouble } from '../api/client.ts'
import { holdAnew } from '../api/held.ts'

const shownMax = 200
const textOf = (value: unknown): string => {
  const text = value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text
}

export function ChangedMeanwhile({ conflict }: { conflict: NonNullable<Trouble['conflict']> }): ReactNode {
  const { path, seen } = conflict
  const [isTaken, setTaken] = useState(false)
  const { data, error } = useQuery({
    queryKey: ['now', path, seen.etag],
    queryFn: () => readNow(path),
    gcTime: 0,
    retry: false,
  })
  if (error)
    return (
      <Alert type="warning" header="It is not there any more">
        Somebody has deleted it since you opened this, or you may not see it any more. Nothing was done; what you typed
        is still here.
      </Alert>
    )
  const differences = data === undefined ? [] : differenceOf(seen.state, data.state)
  return (
    <Alert
      type="warning"
      header="Somebody has changed it since you opened this"
      action={
        <Button
          disabled={data === undefined || isTaken}
          disabledReason={isTaken ? 'Done: what you do now goes by what is there now.' : 'It is being loaded.'}
          onClick={() => {
            holdAnew(path, data!)
            setTaken(true)
          }}
        >
          Go by what is there now
        </Button>
      }
    >
      <SpaceBetween size="xs">
        <span>
          Nothing was done, so nothing of theirs is overwritten; what you typed is still here. What is different:
        </span>
        <ul>
          {differences.map(({ member, before, after }) => (
            <li key={member}>
              <bdi className="text">
                {member}: {textOf(before)} → {textOf(after)}
              </bdi>
            </li>
          ))}
        </ul>
        {isTaken ? <span>You have seen it. Do it again, if you still want to.</span> : null}
      </SpaceBetween>
    </Alert>
  )
}
