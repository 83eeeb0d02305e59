// Every address of the console. Pages are loaded when somebody goes there.
import Spinner from '@cloudscape-design/components/spinner'
import { createBrowserRouter, redirect } from 'react-router'
import { consolePath, Trouble } from './api/client.ts'
import { queries, session } from './api/queries.ts'
import { RouteTrouble } from './parts/route-trouble.tsx'
import { Shell } from './parts/shell.tsx'

/** Whoever is nobody signs in first, and comes back to where they wanted to go. */
async function signedIn({ request }: { request: Request }): Promise<null | Response> {
  try {
    await queries.ensureQueryData(session)
    return null
  } catch (error) {
    if (!(error instanceof Trouble && error.status === 401)) throw error
    const url = new URL(request.url)
    return redirect(`/sign-in?returnTo=${encodeURIComponent(url.pathname.slice(consolePath.length) + url.search)}`)
  }
}

export const router = createBrowserRouter(
  [
    { path: '/sign-in', lazy: () => import('./pages/sign-in.tsx'), HydrateFallback: Spinner },
    {
      path: '/',
      Component: Shell,
      ErrorBoundary: RouteTrouble,
      HydrateFallback: Spinner,
      loader: signedIn,
      // Who somebody is does not change from page to page; that the session is over, the next read says.
      shouldRevalidate: () => false,
      children: [
        {
          ErrorBoundary: RouteTrouble,
          children: [
            { index: true, lazy: () => import('./pages/overview/overview.tsx') },
            { path: 'search', lazy: () => import('./pages/search.tsx') },
            { path: 'pools', lazy: () => import('./pages/space/pools.tsx') },
            { path: 'pools/new', lazy: () => import('./pages/space/new-pool.tsx') },
            { path: 'pools/:poolId', lazy: () => import('./pages/space/pool.tsx') },
            { path: 'allocations', lazy: () => import('./pages/space/allocations.tsx') },
            { path: 'allocations/new', lazy: () => import('./pages/space/allocate.tsx') },
            { path: 'address', lazy: () => import('./pages/addresses/address.tsx') },
            { path: 'account', lazy: () => import('./pages/organization/account.tsx') },
            { path: 'decisions', lazy: () => import('./pages/decisions/decisions.tsx') },
            { path: 'decisions/:decisionId', lazy: () => import('./pages/decisions/decision.tsx') },
            { path: 'try', lazy: () => import('./pages/decisions/try.tsx') },
            { path: 'policies', lazy: () => import('./pages/policies/policies.tsx') },
            { path: 'policies/:policyId', lazy: () => import('./pages/policies/policy.tsx') },
            { path: 'exceptions', lazy: () => import('./pages/exceptions/exceptions.tsx') },
            { path: 'exceptions/:exceptionId', lazy: () => import('./pages/exceptions/exception.tsx') },
            { path: 'change-requests', lazy: () => import('./pages/changes/change-requests.tsx') },
            { path: 'change-requests/:changeRequestId', lazy: () => import('./pages/changes/change-request.tsx') },
            { path: 'changes', lazy: () => import('./pages/changes/changes.tsx') },
            { path: 'compliance', lazy: () => import('./pages/findings/compliance.tsx') },
            { path: 'findings', lazy: () => import('./pages/findings/findings.tsx') },
            { path: 'sources', lazy: () => import('./pages/sources/sources.tsx') },
            { path: 'organization', lazy: () => import('./pages/organization/organization.tsx') },
            { path: 'roles', lazy: () => import('./pages/organization/roles.tsx') },
            { path: 'tokens', lazy: () => import('./pages/organization/tokens.tsx') },
            { path: '*', lazy: () => import('./pages/nowhere.tsx') },
          ],
        },
      ],
    },
  ],
  { basename: consolePath },
)
