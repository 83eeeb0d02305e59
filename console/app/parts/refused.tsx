// The one place for a refusal of what somebody asked to be done: in the server's words, and what to do instead where there is something.
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import { useMutation } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useRef } from 'react'
import { useNavigate } from 'react-router'
import { answer, api, type Schemas, Trouble } from '../api/client.ts'
import { nodes } from '../api/lists.ts'
import { queries } from '../api/queries.ts'
import { RoleNeeded } from './page.tsx'

const ChangedMeanwhile = lazy(async () => ({ default: (await import('./changed-meanwhile.tsx')).ChangedMeanwhile }))

type Operations = Schemas['GovernedOperation'][]

/** The same as a change request at the top, as a draft: its author says what for, and submits it. */
async function propose(operations: Operations): Promise<string> {
  const { items } = await queries.ensureQueryData(nodes)
  const node = items.find(({ kind }) => kind === 'root')?.nodeId ?? items[0]?.nodeId ?? '*'
  const body = { node, reason: 'Asked for in the console', operations, draft: true }
  const { changeRequestId } = await answer(api.POST('/change-requests', { body }))
  return changeRequestId
}

export function Refused({ error }: { error: Error }): ReactNode {
  const navigate = useNavigate()
  // What is refused is refused at once, whatever was drafted before it.
  const drafting = useMutation({
    mutationFn: propose,
    onSuccess: (changeRequestId) => void navigate(`/change-requests/${changeRequestId}`),
  })
  const of = error instanceof Trouble ? error : undefined
  if (of?.conflict)
    return (
      <Suspense>
        <ChangedMeanwhile conflict={of.conflict} />
      </Suspense>
    )
  const proposal = of?.code === 'ChangeRequestRequired' ? of.facts.proposal : undefined
  return (
    <Alert
      type={proposal === undefined ? 'error' : 'info'}
      header={proposal === undefined ? 'This was refused' : 'This takes a change request'}
      action={
        typeof proposal === 'string' ? (
          <Button loading={drafting.isPending} onClick={() => drafting.mutate(JSON.parse(proposal) as Operations)}>
            Draft one
          </Button>
        ) : undefined
      }
    >
      <bdi className="text">{(drafting.error ?? error).message}</bdi>
      {of?.code === 'NotAuthorized' ? (
        <Suspense>
          <RoleNeeded of={of} />
        </Suspense>
      ) : null}
    </Alert>
  )
}

/** Moves to the first field that is marked as wrong, once it is: whoever hears the page is told of it there. */
export function useFirstWrong() {
  const at = useRef<HTMLDivElement>(null)
  const show = (): void => {
    requestAnimationFrame(() => at.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus())
  }
  return { at, show }
}
