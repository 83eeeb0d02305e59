// What is known of one thing: names and values beside one another.
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import type { ReactNode } from 'react'
import { None } from './words.tsx'

export function Facts({
  title,
  facts,
  actions,
  columns = 4,
}: {
  title: string
  facts: readonly (readonly [string, ReactNode])[]
  actions?: ReactNode
  columns?: number
}): ReactNode {
  return (
    <Container
      header={
        <Header variant="h2" actions={actions}>
          {title}
        </Header>
      }
    >
      <KeyValuePairs columns={columns} items={facts.map(([label, value]) => ({ label, value: value ?? <None /> }))} />
    </Container>
  )
}
