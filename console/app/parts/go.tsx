// A button that leads to the page where something is done: there for everybody, and disabled with the reason for whoever may not.
import Button from '@cloudscape-design/components/button'
import type { ReactNode } from 'react'
import { useNavigate } from 'react-router'

export interface GoProps {
  readonly to: string
  /** Undefined: nothing is in the way. */
  readonly whyNot: string | undefined
  readonly isPrimary?: boolean
  readonly children: string
}
export function Go({ to, whyNot, isPrimary = false, children }: GoProps): ReactNode {
  const navigate = useNavigate()
  return (
    <Button
      variant={isPrimary ? 'primary' : 'normal'}
      disabled={whyNot !== undefined}
      disabledReason={whyNot}
      onClick={() => void navigate(to)}
    >
      {children}
    </Button>
  )
}
