// Queries are loaded by routes before they render, and kept for a while, so that going back costs nothing.
import { QueryClient } from '@tanstack/react-query'
import { answer, readSession, type Session, Trouble } from './client.ts'

const retriesMax = 2
export const queries = new QueryClient({
  defaultOptions: {
    // What is asked while the browser says that it is offline fails, and is told so: it does not wait unseen.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      // A refusal is an answer: only what did not arrive is asked again.
      retry: (failures, error) =>
        failures < retriesMax && !(error instanceof Trouble && error.status > 0 && error.status < 500),
    },
  },
})

/** One read of the API, by a key that has everything it depends on. */
export interface Read<T> {
  readonly queryKey: readonly unknown[]
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<T>
  readonly staleTime?: number
}
/** Answers that are text are of other formats, which the console never asks for. */
export const ask = <T>(
  key: readonly unknown[],
  call: (signal: AbortSignal) => Promise<{ data?: T; error?: unknown; response: Response }>,
): Read<Exclude<T, string>> => ({
  queryKey: key,
  queryFn: ({ signal }) => answer(call(signal)) as Promise<Exclude<T, string>>,
})

export const session: Read<Session> = { queryKey: ['session'], queryFn: readSession, staleTime: 60_000 }

/** Loads beside one another what a page needs, before it renders. */
export const load = async (...reads: readonly Read<unknown>[]): Promise<null> => {
  // What fails is shown where it belongs, by the part that reads it; the others are shown all the same.
  await Promise.allSettled(reads.map((one) => queries.ensureQueryData(one)))
  return null
}

/** No longer than this a page waits for what it can come without: less is not noticed, and nothing jumps where answers are quick. */
const briefMs = 200
/** Loads likewise what takes long of an estate that is large: the page comes without it, and says that it is still counted. */
export const loadBriefly = (...reads: readonly Read<unknown>[]): Promise<null> =>
  Promise.race([load(...reads), new Promise<null>((resolve) => void setTimeout(resolve, briefMs, null))])
