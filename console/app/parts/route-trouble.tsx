// What is shown where a page could not be shown at all.
import Box from '@cloudscape-design/components/box'
import type { ReactNode } from 'react'
import { useRouteError } from 'react-router'
import { Wrong } from './page.tsx'

export function RouteTrouble(): ReactNode {
  const error = useRouteError()
  return (
    <Box padding="l">
      <h1>Cadastre</h1>
      <Wrong error={error} retry={() => location.reload()} />
    </Box>
  )
}
