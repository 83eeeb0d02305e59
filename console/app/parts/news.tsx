// What came in a list since it was loaded: said, and shown once somebody asks for it, so that nothing jumps under their hands.
import Button from '@cloudscape-design/components/button'
import { type ReactNode, useEffect, useState } from 'react'
import { follow } from '../api/feed.ts'
import { countText } from './words.tsx'

/** At most so often the number is shown anew. */
const shownEveryMs = 1_000

export function News({
  path,
  newest,
  noun,
  show,
}: {
  /** Of the stream, with what is filtered. */
  readonly path: string
  /** The id of the newest row that is shown; undefined where there is none. */
  readonly newest: string | undefined
  readonly noun: string
  readonly show: () => void
}): ReactNode {
  const [count, setCount] = useState(0)
  useEffect(() => {
    let [come, timer] = [0, undefined as ReturnType<typeof setTimeout> | undefined]
    setCount(0)
    const stop = follow(path, newest, () => {
      come++
      timer ??= setTimeout(() => {
        timer = undefined
        setCount(come)
      }, shownEveryMs)
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [path, newest])
  return (
    <span aria-live="polite">
      {count === 0 ? null : (
        <Button iconName="status-info" onClick={show}>
          {countText(count)} new {count === 1 ? noun.replace(/s$/, '') : noun}
        </Button>
      )}
    </span>
  )
}
