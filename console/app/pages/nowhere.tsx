// An address of the console that leads nowhere.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { Page } from '../parts/page.tsx'

export const Component = (): ReactNode => (
  <Page title="There is no such page" commands={[]} requests={[]}>
    <p>
      Search by <kbd>/</kbd>, or go to the <Link to="/">overview</Link>.
    </p>
  </Page>
)
