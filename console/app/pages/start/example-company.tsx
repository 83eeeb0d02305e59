// An example company: made in one click, and thrown away in one. It is made of operations that everybody has.
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'
import { answer, api, Trouble } from '../../api/client.ts'
import { treeRowsMax } from '../../api/lists.ts'
import { useAct } from '../../parts/act.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Refused } from '../../parts/refused.tsx'
import {
  companyOf,
  exampleRequests,
  inCompany,
  isExample,
  isExampleIpam,
  loadExample,
  throwExampleAway,
} from './example.ts'
import { applyAll } from './forms.tsx'
import type { Beginning } from './state.ts'

async function loadCompany({ me, root, administrator, managementAccount }: Beginning): Promise<void> {
  const known = root && (await answer(api.GET('/organization')))
  const managed = await whole((query) => answer(api.GET('/ipams', { params: { query } })))
  const { results } = await applyAll(
    loadExample({
      managementAccount: known?.managementAccount ?? managementAccount ?? me?.account ?? '',
      rootId: root?.nodeId,
      administrator: known?.delegatedAdministrator ?? administrator,
      taken: managed.map(({ region }) => region),
    }),
  )
  const { allocations, denied } = exampleRequests(results)
  await answer(api.POST('/allocations/batch', { body: { allocations } }))
  await answer(api.POST('/allocations', { body: denied })).catch((error) => {
    // Each story has somebody who is denied.
    if (!(error instanceof Trouble && error.code === 'DeniedByPolicy')) throw error
  })
}

/** All of a list, page by page. */
async function whole<T>(
  page: (query: { limit: number; cursor?: string }) => Promise<{ items: T[]; nextCursor?: string }>,
): Promise<T[]> {
  const found: T[] = []
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await page({ limit: treeRowsMax, ...(cursor === undefined ? {} : { cursor }) })
    found.push(...items)
    cursor = nextCursor
  } while (cursor !== undefined)
  return found
}

async function throwCompanyAway({ nodes }: Beginning): Promise<void> {
  const [units, accounts, ipams, policies, assignments, organization] = await Promise.all([
    whole((query) => answer(api.GET('/organizational-units', { params: { query } }))),
    whole((query) => answer(api.GET('/accounts', { params: { query } }))),
    whole((query) => answer(api.GET('/ipams', { params: { query } }))),
    whole((query) => answer(api.GET('/policies', { params: { query } }))),
    whole((query) => answer(api.GET('/assignments', { params: { query } }))),
    answer(api.GET('/organization')),
  ])
  const inside = inCompany(nodes, companyOf(nodes))
  const own = ipams.filter((ipam) => isExampleIpam(ipam, inside, organization.delegatedAdministrator))
  const written = policies.filter(({ ipamId }) => own.some((one) => one.ipamId === ipamId))
  const depthOf = (unitId: string): number => nodes.find(({ nodeId }) => nodeId === unitId)?.path.length ?? 0
  await applyAll(
    throwExampleAway({
      ipams: own,
      units: units
        .filter((unit) => isExample(unit) && inside.has(unit.unitId))
        .map(({ unitId }) => unitId)
        .sort((one, other) => depthOf(other) - depthOf(one)),
      accounts: accounts.filter((one) => isExample(one) && inside.has(one.account)).map(({ account }) => account),
      assignments: assignments.filter(({ policyId }) => written.some((one) => one.policyId === policyId)),
      administrator: organization.delegatedAdministrator,
    }),
  )
}

export function ExampleCompany({ at, lacking }: { at: Beginning; lacking: string | undefined }): ReactNode {
  const company = companyOf(at.nodes)
  const isThere = company !== undefined
  const inside = inCompany(at.nodes, company)
  const goes = at.nodes.filter(({ nodeId }) => inside.has(nodeId)).map(({ nodeId, name }) => name ?? nodeId)
  const [isAsked, setAsked] = useState(false)
  const loading = useAct<void, void>(() => loadCompany(at), 'The example company is there.')
  const leaving = useAct<void, void>(() => throwCompanyAway(at), 'The example company is gone.')
  const error = loading.error ?? leaving.error
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Units and accounts, three pools, two policies, six VPCs, and somebody who is denied"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              <Button
                disabled={isThere || lacking !== undefined}
                disabledReason={lacking ?? 'It is there already.'}
                loading={loading.isPending}
                onClick={() => {
                  leaving.reset()
                  loading.mutate()
                }}
              >
                Load it
              </Button>
              <Button
                disabled={!isThere || lacking !== undefined}
                disabledReason={lacking ?? 'It is not there.'}
                onClick={() => {
                  loading.reset()
                  setAsked(true)
                }}
              >
                Throw it away
              </Button>
            </SpaceBetween>
          }
        >
          Or an example company
        </Header>
      }
    >
      <SpaceBetween size="m">
        {isThere ? (
          <p>
            Look at its <Link to="/organization">organization</Link>, its <Link to="/pools">address space</Link>, its{' '}
            <Link to="/policies">policies</Link> and <Link to="/decisions?outcome=deny">who was denied</Link>. Thrown
            away are its units, its accounts and its IPAM with all that is in it, and nothing else; where somebody has
            put something of theirs below it, nothing is. The record keeps what was decided and who did what, and the
            organization stays.
          </p>
        ) : (
          <p>It lies in a unit of its own and touches nothing that is there.</p>
        )}
        {error && !isAsked ? <Refused error={error} /> : null}
        {isAsked ? (
          <Confirm
            title="Throw the example company away"
            act="Throw it away"
            isBusy={leaving.isPending}
            error={leaving.error}
            confirm={() => leaving.mutate(undefined, { onSuccess: () => setAsked(false) })}
            close={() => setAsked(false)}
          >
            {`What the example has made of these goes, with all that was allocated in it: ${goes.join(', ')}, and its IPAM.`}
          </Confirm>
        ) : null}
      </SpaceBetween>
    </Container>
  )
}
