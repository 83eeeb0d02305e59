// What policy said no to: why, the way to comply, and an exception to ask for.
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'
import { Trouble } from '../../api/client.ts'
import { Linked } from '../../parts/linked.tsx'
import { AskForException } from '../decisions/decision.tsx'

interface Denial {
  readonly decisionId: string
  readonly sentence: string
  readonly lines: readonly string[]
  readonly advice?: { readonly nearestChange: string; readonly mayRequestException?: boolean }
}
/** The facts of a refusal that policy decided; undefined for all others. */
export function denialIn(error: Error | null): Denial | undefined {
  if (!(error instanceof Trouble) || typeof error.facts.decisionId !== 'string') return undefined
  const { lines, sentence } = error.facts
  return Array.isArray(lines) && typeof sentence === 'string' ? (error.facts as unknown as Denial) : undefined
}

export function Denied({ denial }: { denial: Denial }): ReactNode {
  const [isAsking, setAsking] = useState(false)
  const { decisionId, sentence, lines, advice } = denial
  const mayAsk = advice?.mayRequestException
  return (
    <Alert
      type="error"
      header={<Linked>{sentence}</Linked>}
      action={
        <Button
          disabled={mayAsk !== true}
          disabledReason={
            mayAsk === false
              ? 'Your roles do not let you ask for exceptions for this account: its requester role does.'
              : 'No exception would grant this.'
          }
          onClick={() => setAsking(true)}
        >
          Ask for an exception
        </Button>
      }
    >
      <SpaceBetween size="xs">
        {advice === undefined ? null : (
          <div>
            <b>The way to comply:</b> <Linked>{advice.nearestChange}</Linked>
          </div>
        )}
        <div>
          {lines
            .filter((line) => !line.startsWith('Nearest change: '))
            .map((line) => (
              <div key={line}>
                <Linked>{line}</Linked>
              </div>
            ))}
        </div>
        <Link to={`/decisions/${decisionId}`}>Why, step by step: {decisionId}</Link>
      </SpaceBetween>
      {isAsking ? <AskForException decisionId={decisionId} close={() => setAsking(false)} /> : null}
    </Alert>
  )
}
