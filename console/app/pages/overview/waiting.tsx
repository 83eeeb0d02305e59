// The inbox: everything that waits for whoever is signed in.
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { nodes } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { Page } from '../../parts/page.tsx'
import { WaitingList, waiting } from './waiting-list.tsx'

export const loader = (): Promise<null> => load(waiting, nodes)

export function Component(): ReactNode {
  const what = useSearchParams()[0].get('for')
  return (
    <Page
      title="Waiting for me"
      description="What you may approve or review, and what of yours goes on with you alone. The oldest first."
      commands={['cadastre waiting']}
      requests={['/waiting']}
    >
      <WaitingList isShown={(one) => what === null || one.for === what} />
    </Page>
  )
}
