// The scaffold of a page: its title, what can be done, and the same on the command line.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ContentLayout from '@cloudscape-design/components/content-layout'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { lazy, type ReactNode, Suspense, useEffect } from 'react'
import { Trouble } from '../api/client.ts'
import { useShell } from './shell-context.ts'

export interface PageProps {
  readonly title: string
  readonly description?: ReactNode
  readonly actions?: ReactNode
  /** The same on the command line: commands with their flags. */
  readonly commands: readonly string[]
  /** The same as requests: paths below /api/v1. */
  readonly requests: readonly string[]
  readonly children: ReactNode
}

export function Page({ title, description, actions, commands, requests, children }: PageProps): ReactNode {
  const { setSame } = useShell()
  const text = JSON.stringify([commands, requests])
  useEffect(() => {
    const [forCommands, forRequests] = JSON.parse(text) as [string[], string[]]
    setSame({ commands: forCommands, requests: forRequests })
    document.title = `${title} – Cadastre`
  }, [text, title, setSame])
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={description} actions={actions}>
          <bdi className="text">{title}</bdi>
        </Header>
      }
    >
      <SpaceBetween size="l">{children}</SpaceBetween>
    </ContentLayout>
  )
}

// Read where somebody may not, and not before.
export const RoleNeeded = lazy(async () => ({ default: (await import('./role-needed.tsx')).RoleNeeded }))

/** The one place for what went wrong with a read. */
export function Wrong({ error, retry }: { error: unknown; retry?: () => void }): ReactNode {
  const trouble = error instanceof Trouble ? error : undefined
  const header =
    trouble?.status === 403
      ? 'You may not see this'
      : trouble?.status === 404
        ? 'This is not there, or not for you to see'
        : 'This could not be loaded'
  return (
    <Alert
      type={trouble?.status === 403 || trouble?.status === 404 ? 'info' : 'error'}
      header={header}
      action={retry ? <Button onClick={retry}>Try again</Button> : undefined}
    >
      <bdi className="text">{error instanceof Error ? error.message : String(error)}</bdi>
      {trouble?.code === 'NotAuthorized' ? (
        <Suspense>
          <RoleNeeded of={trouble} />
        </Suspense>
      ) : null}
      {trouble?.instance === undefined ? null : (
        <Box variant="small" color="text-body-secondary">
          {trouble.code}, {trouble.instance}
        </Box>
      )}
    </Alert>
  )
}
