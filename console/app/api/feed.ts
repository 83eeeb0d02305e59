// What comes in a list that grows, as server-sent events with the session's cookie. The browser's own reader of them says neither what was
// refused nor where it goes on after a long while, so they are read as a body: bounded, with patience, and only while somebody looks.
import { apiPath, watchers } from './client.ts'

const firstPauseMs = 1_000
const pauseMsMax = 60_000
/** One event is no longer: more without an end is none of ours. */
const eventLengthMax = 1_048_576
/** Statuses after which asking again is of no use: it is not for this person, or the server has no such stream. */
const isFinal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429

/**
 * Calls `told` for each new item, until the answer is called.
 * @param from the id of the item behind which it goes on; undefined: from now on
 */
export function follow(path: string, from: string | undefined, told: () => void): () => void {
  let last = from
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let connection: AbortController | undefined
  let isOver = false

  async function listen(signal: AbortSignal): Promise<'again' | 'over'> {
    const response = await fetch(`${apiPath}${path}`, {
      credentials: 'same-origin',
      headers: { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) },
      signal,
    })
    if (response.status === 401) watchers.sessionEnded()
    if (isFinal(response.status)) return 'over'
    if (!response.ok || !response.body) return 'again'
    failures = 0
    let text = ''
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'again'
      const events = (text + value).split('\n\n')
      text = events.pop()!
      if (text.length > eventLengthMax) return 'over'
      for (const event of events) {
        const id = /^id: (.+)$/m.exec(event)?.[1]
        if (id === undefined) continue
        last = id
        told()
      }
    }
  }
  async function connect(): Promise<void> {
    clearTimeout(timer)
    if (isOver || connection || document.visibilityState === 'hidden') return
    const own = new AbortController()
    connection = own
    // What breaks off says why nowhere: it is asked again, later each time.
    const ended = await listen(own.signal).catch(() => 'again' as const)
    connection = undefined
    if (isOver || ended === 'over') return
    const pause = own.signal.aborted ? 0 : Math.min(firstPauseMs * 2 ** failures++, pauseMsMax)
    timer = setTimeout(() => void connect(), pause * (0.5 + Math.random() / 2))
  }
  // Few connections go to one server at a time, and who looks elsewhere needs none.
  const look = (): void => {
    if (document.visibilityState === 'hidden') connection?.abort()
    else void connect()
  }
  document.addEventListener('visibilitychange', look)
  void connect()
  return () => {
    isOver = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
    connection?.abort()
  }
}
