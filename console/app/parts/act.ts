// One way to change something: the call, what is said after it, and what is read anew. Where a form is open, its errors stay in it.
import { useMutation } from '@tanstack/react-query'
import { letGo } from '../api/held.ts'
import { queries } from '../api/queries.ts'
import { useShell } from './shell-context.ts'

export function useAct<T, R>(call: (input: T) => Promise<R>, done?: string, after?: (result: R) => void) {
  const { tell } = useShell()
  return useMutation({
    mutationFn: call,
    onSuccess: (result) => {
      letGo()
      if (done !== undefined) tell('success', done)
      after?.(result)
      // The session stays; all else may say something different now.
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
    },
  })
}
