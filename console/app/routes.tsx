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
            { path: 'waiting', lazy: () => import('./pages/overview/waiting.tsx') },
            { path: 'start', lazy: () => import('./pages/start/start.tsx') },
            { path: 'search', lazy: () => import('./pages/search.tsx') },
            { path: 'pools', lazy: () => import('./pages/space/pools.tsx') },
            { path: 'pools/new', lazy: () => import('./pages/space/new-pool.tsx') },
            { path: 'pools/:poolId', lazy: () => import('./pages/space/pool.tsx') },
            { path: 'allocations', lazy: () => import('./pages/space/allocations.tsx') },
            { path: 'allocations/new', lazy: () => import('./pages/space/allocate.tsx') },
            { path: 'address', lazy: () => import('./pages/addresses/address.tsx') },
            { path: 'account', lazy: () => import('./pages/organization/account.tsx') },
            { path: 'account/move', lazy: () => import('./pages/organization/move.tsx') },
            { path: 'decisions', lazy: () => import('./pages/decisions/decisions.tsx') },
            { path: 'decisions/:decisionId', lazy: () => import('./pages/decisions/decision.tsx') },
            { path: 'try', lazy: () => import('./pages/decisions/try.tsx') },
            { path: 'policies', lazy: () => import('./pages/policies/policies.tsx') },
            { path: 'policies/:policyId', lazy: () => import('./pages/policies/policy.tsx') },
            { path: 'policies/:policyId/versions', lazy: () => import('./pages/policies/versions.tsx') },
            { path: 'policies/:policyId/document', lazy: () => import('./pages/policies/document.tsx') },
            { path: 'policies/:policyId/assignment', lazy: () => import('./pages/policies/assignment.tsx') },
            { path: 'policies/:policyId/candidate', lazy: () => import('./pages/policies/candidate.tsx') },
            { path: 'policies/new', lazy: () => import('./pages/policies/new.tsx') },
            { path: 'policies/matrix', lazy: () => import('./pages/policies/matrix.tsx') },
            { path: 'simulations', lazy: () => import('./pages/policies/simulations.tsx') },
            { path: 'simulations/:simulationId', lazy: () => import('./pages/policies/simulation.tsx') },
            { path: 'exceptions', lazy: () => import('./pages/exceptions/exceptions.tsx') },
            { path: 'exceptions/new', lazy: () => import('./pages/exceptions/new.tsx') },
            { path: 'exceptions/:exceptionId', lazy: () => import('./pages/exceptions/exception.tsx') },
            { path: 'change-requests', lazy: () => import('./pages/changes/change-requests.tsx') },
            { path: 'change-requests/:changeRequestId/edit', lazy: () => import('./pages/changes/edit.tsx') },
            { path: 'change-requests/:changeRequestId', lazy: () => import('./pages/changes/change-request.tsx') },
            { path: 'changes', lazy: () => import('./pages/changes/changes.tsx') },
            { path: 'changes/:changeId', lazy: () => import('./pages/changes/change.tsx') },
            { path: 'evidence', lazy: () => import('./pages/evidence/evidence.tsx') },
            { path: 'evidence/verify', lazy: () => import('./pages/evidence/verify.tsx') },
            { path: 'evidence/pack', lazy: () => import('./pages/evidence/pack.tsx') },
            { path: 'compliance', lazy: () => import('./pages/findings/compliance.tsx') },
            { path: 'findings', lazy: () => import('./pages/findings/findings.tsx') },
            { path: 'findings/:findingId', lazy: () => import('./pages/findings/finding.tsx') },
            { path: 'sources', lazy: () => import('./pages/sources/sources.tsx') },
            { path: 'sources/new', lazy: () => import('./pages/sources/source-form.tsx') },
            { path: 'sources/:sourceId', lazy: () => import('./pages/sources/source.tsx') },
            { path: 'sources/:sourceId/edit', lazy: () => import('./pages/sources/source-form.tsx') },
            { path: 'sources/:sourceId/import', lazy: () => import('./pages/sources/import.tsx') },
            { path: 'sources/:sourceId/runs/:run', lazy: () => import('./pages/sources/run.tsx') },
            { path: 'sources/:sourceId/differences', lazy: () => import('./pages/sources/differences.tsx') },
            {
              path: 'sources/:sourceId/differences/:differenceId',
              lazy: () => import('./pages/sources/difference.tsx'),
            },
            { path: 'sources/:sourceId/act/:act', lazy: () => import('./pages/sources/act.tsx') },
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
