// What the simulation of a change request came to, by account, type and locale. Its rows are asked for once somebody opens it.
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import ProgressBar from '@cloudscape-design/components/progress-bar'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { pageRows } from '../../api/lists.ts'
import { ask } from '../../api/queries.ts'
import { account, word } from '../../parts/columns.tsx'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { None } from '../../parts/words.tsx'

type Group = Schemas['SimulationGroup']
const groupsOf = (simulationId: string, cursor: string | null) =>
  ask(['simulation-groups', simulationId, cursor], (signal) =>
    api.GET('/simulations/{simulationId}/groups', {
      params: { path: { simulationId }, query: { limit: pageRows, ...(cursor === null ? {} : { cursor }) } },
      signal,
    }),
  )
const samplesShown = 3

export function Simulation({ of }: { of: Schemas['SimulationWithTotals'] | undefined }): ReactNode {
  const [params, setParams] = useSearchParams()
  const nameOf = useNodeNames()
  if (of === undefined) return null
  const { totals, status, percent, days } = of
  const isOpen = params.get('show') === 'simulation'
  const columns: readonly Column<Group>[] = [
    account('Account', nameOf, (row) => row.account),
    word('type', 'Type', 80, (row) => row.resourceType),
    word('locale', 'Locale', 120, (row) => row.locale),
    word('newlyDenied', 'Newly denied', 90, (row) => row.newlyDenied),
    word('newlyAllowed', 'Newly allowed', 90, (row) => row.newlyAllowed),
    word('elsewhere', 'Served elsewhere', 90, (row) => row.elsewhere),
    word('exhausted', 'No room', 80, (row) => row.exhausted),
    word('noncompliant', 'No longer compliant', 90, (row) => row.noncompliant),
    {
      id: 'samples',
      header: 'Samples',
      width: 220,
      cell: ({ samples }) =>
        samples.length === 0 ? (
          <None />
        ) : (
          samples
            .slice(0, samplesShown)
            .map(({ decisionId, resource, cidr, kind }) => (
              <div key={decisionId ?? resource ?? kind}>
                {decisionId === undefined ? (
                  cidr === undefined ? (
                    <Linked>{resource ?? kind}</Linked>
                  ) : (
                    <Link to={`/address?cidr=${encodeURIComponent(cidr)}`}>{cidr}</Link>
                  )
                ) : (
                  <Linked>{decisionId}</Linked>
                )}
              </div>
            ))
        ),
      text: ({ samples }) => samples.map(({ decisionId, cidr, resource }) => decisionId ?? cidr ?? resource).join(' '),
    },
  ]
  return (
    <ExpandableSection
      variant="container"
      headerText="Simulation"
      headerDescription={
        status === 'done' && totals
          ? `Of ${totals.requests} requests of ${days} days: ${totals.newlyDenied} newly denied, ${totals.newlyAllowed} newly allowed, ${totals.elsewhere} served elsewhere, ${totals.exhausted} without room.${of.isCurrent === false ? ' Something governed has changed since.' : ''}`
          : `It is ${status}.`
      }
      expanded={isOpen}
      onChange={({ detail }) =>
        setParams((before) => {
          const after = new URLSearchParams(before)
          if (detail.expanded) after.set('show', 'simulation')
          else after.delete('show')
          after.delete('cursor')
          return after
        })
      }
    >
      <SpaceBetween size="m">
        {status === 'done' ? null : <ProgressBar value={percent} label="Requests that were asked again" />}
        {of.refusal === undefined ? null : (
          <Linked>{of.refusal.problem ?? `${of.refusal.code} ${of.refusal.field ?? ''}`}</Linked>
        )}
        {isOpen && status === 'done' ? (
          <List
            title="By account, type and locale"
            query={groupsOf(of.simulationId, params.get('cursor'))}
            columns={columns}
            keyOf={(row) => `${row.account} ${row.resourceType} ${row.locale}`}
            empty="Nothing would be otherwise."
          />
        ) : null}
      </SpaceBetween>
    </ExpandableSection>
  )
}
