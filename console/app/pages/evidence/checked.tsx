// What a check in this browser has found, in words.
import Alert from '@cloudscape-design/components/alert'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { ReactNode } from 'react'
import { Wrong } from '../../parts/page.tsx'
import type { Report } from './check.ts'

const found = { success: 'Good', error: 'Wrong', info: 'To know', warning: 'To look at' } as const

export function Checked({ report, error }: { report: Report | undefined; error: Error | null }): ReactNode {
  if (error) return <Wrong error={error} />
  if (!report) return <StatusIndicator type="loading">Checking in this browser</StatusIndicator>
  const wrong = report.steps.find(({ status }) => status === 'error')
  const isWholly = report.steps.every(({ status }) => status === 'success')
  return (
    <div aria-live="polite">
      <SpaceBetween size="m">
        {wrong ? (
          <Alert type="error" header="This is not what was signed">
            {wrong.says} Keep what this page shows, and tell who audits this installation.
          </Alert>
        ) : (
          <Alert type={isWholly ? 'success' : 'info'} header={isWholly ? 'It is sound' : 'Nothing is wrong'}>
            {isWholly ? 'All that was looked at is as it was signed.' : 'Not everything could be proven: read on.'}
          </Alert>
        )}
        <KeyValuePairs
          columns={1}
          items={report.steps.map(({ what, status, says }) => ({
            label: what,
            value: (
              <>
                <StatusIndicator type={status}>{found[status]}</StatusIndicator>
                <div>
                  <bdi className="text">{says}</bdi>
                </div>
              </>
            ),
          }))}
        />
      </SpaceBetween>
    </div>
  )
}

/** What such a check is worth, and what is more. */
export const worth =
  'The check runs in this browser, by a page that this server sent. Whoever does not trust the server at all checks from another machine, with the command line.'
